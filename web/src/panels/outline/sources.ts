/** What an input can be wired to, for a list to choose from. */
import { acceptingOutputs, type InputEnd, type OutputEnd, titleOf } from "@/graph/connect";
import type { Defs } from "@/graph/defs";
import { BOUNDARY_IN, type Document, type GraphId, type NodeKey } from "@/graph/document";
import { link, unlinkInput } from "@/graph/edit";
import { defOf } from "@/graph/hosts";
import { boundaryOutputs, type OutputSocket, socketsOf } from "@/graph/sockets";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";

export interface SourceChoice {
  /** Of the choice: the node and the output. */
  readonly value: string;
  readonly title: string;
  readonly socket: string;
}

/** Nothing: the input is not linked. */
export const NO_SOURCE = "";

export function sourceValue(end: OutputEnd): string {
  return `${end.slot}/${end.node}`;
}

export function sourcesFor(document: Document, defs: Defs, graph: GraphId, to: InputEnd): SourceChoice[] {
  return [...acceptingOutputs(document, defs, graph, to)].flatMap(([node, slots]) =>
    outputsOf(document, defs, graph, node)
      .filter((output) => slots.has(output.index))
      .map((output) => ({
        value: sourceValue({ node, slot: output.index }),
        title: titleOf(document, defs, graph, node),
        socket: output.label,
      })),
  );
}

function outputsOf(document: Document, defs: Defs, graph: GraphId, node: NodeKey): readonly OutputSocket[] {
  const shown = document.graphs.by[graph];
  if (shown === undefined) return [];
  if (node === BOUNDARY_IN) return boundaryOutputs(shown);
  const record = shown.nodes.by[node];
  return record === undefined ? [] : socketsOf(record, defOf(document, defs, record)).outputs;
}

/** Wire an input to what was chosen. */
export function chooseSource(to: InputEnd, value: string): void {
  const { defs } = useDefs.getState();
  if (value === NO_SOURCE) {
    perform("steps:unlink", (draft, graph) => unlinkInput(draft, defs, graph, to));
    return;
  }
  const slash = value.indexOf("/");
  const from: OutputEnd = { slot: Number(value.slice(0, slash)), node: value.slice(slash + 1) };
  perform("steps:link", (draft, graph) => link(draft, defs, graph, from, to));
}
