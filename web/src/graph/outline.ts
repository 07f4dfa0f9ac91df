/** A graph as a list to be read, by screen readers and by those who wire with the keyboard. */
import { titleOf } from "./connect";
import type { Defs } from "./defs";
import { BOUNDARY_IN, BOUNDARY_OUT, type Document, type Graph, type GraphId, type NodeKey } from "./document";
import { membersOf } from "./geometry";
import { defOf } from "./hosts";
import type { Json } from "./json";
import { isHost, isNote } from "./kinds";
import { linkIndex } from "./links";
import { readingOrder } from "./order";
import { boundaryInputs, boundaryOutputs, type InputSocket, socketsOf } from "./sockets";
import { readWidgets } from "./widgets";

/** The other end of a link. */
export interface OutlineEnd {
  readonly link: number;
  readonly node: NodeKey;
  readonly title: string;
  /** Its output, or its input. */
  readonly socket: string;
}

export interface OutlineInput {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly isWidget: boolean;
  readonly isRequired: boolean;
  readonly from: OutlineEnd | null;
  /** Of a widget that is not linked. */
  readonly value: Json | undefined;
}

export interface OutlineOutput {
  readonly index: number;
  readonly label: string;
  readonly type: string;
  readonly to: readonly OutlineEnd[];
}

export interface OutlineNode {
  readonly node: NodeKey;
  readonly title: string;
  readonly type: string;
  readonly mode: number;
  readonly isKnown: boolean;
  readonly isSubgraph: boolean;
  /** Text of a note. */
  readonly note: string | null;
  /** Titles of the groups it lies in. */
  readonly groups: readonly string[];
  readonly inputs: readonly OutlineInput[];
  readonly outputs: readonly OutlineOutput[];
}

export function outline(document: Document, defs: Defs, graph: GraphId): readonly OutlineNode[] {
  const shown = document.graphs.by[graph];
  if (shown === undefined) return [];
  const read = reader(document, defs, graph, shown);
  const groups = groupTitles(shown);
  return readingOrder(shown).order.flatMap((key) => {
    const node = shown.nodes.by[key];
    if (node === undefined) return [];
    const def = defOf(document, defs, node);
    const values = def === undefined ? new Map<string, Json>() : readWidgets(node, def).values;
    const text = isNote(node.type) && Array.isArray(node.values) ? node.values[0] : undefined;
    return [
      {
        node: key,
        title: read.title(key),
        type: node.type,
        mode: node.mode,
        isKnown: def !== undefined,
        isSubgraph: isHost(document, node.type),
        note: typeof text === "string" ? text : null,
        groups: groups.get(key) ?? [],
        inputs: read.inputs(key, values),
        outputs: read.outputs(key),
      },
    ];
  });
}

function reader(document: Document, defs: Defs, graph: GraphId, shown: Graph) {
  const index = linkIndex(shown);
  const titles = new Map<NodeKey, string>();
  const title = (key: NodeKey) => {
    const known = titles.get(key) ?? titleOf(document, defs, graph, key);
    titles.set(key, known);
    return known;
  };
  const sockets = (key: NodeKey) => {
    const node = shown.nodes.by[key];
    return node === undefined ? null : socketsOf(node, defOf(document, defs, node));
  };
  const outputsOf = (key: NodeKey) =>
    key === BOUNDARY_IN ? boundaryOutputs(shown) : (sockets(key)?.outputs ?? []);
  const inputsOf = (key: NodeKey): readonly InputSocket[] =>
    key === BOUNDARY_OUT ? boundaryInputs(shown) : (sockets(key)?.inputs ?? []);
  return {
    title,
    inputs: (key: NodeKey, values: ReadonlyMap<string, Json>): OutlineInput[] =>
      inputsOf(key).map((socket) => {
        const link = index.into(key).get(socket.name);
        const source = link && outputsOf(link.from)[link.fromSlot];
        const from: OutlineEnd | null =
          link === undefined
            ? null
            : { link: link.id, node: link.from, title: title(link.from), socket: source?.label ?? "" };
        return {
          name: socket.name,
          label: socket.label,
          type: socket.type,
          isWidget: socket.isWidget,
          isRequired: socket.def !== null && !socket.optional && !socket.isWidget,
          from,
          value: link === undefined ? values.get(socket.name) : undefined,
        };
      }),
    outputs: (key: NodeKey): OutlineOutput[] =>
      outputsOf(key).map((socket) => ({
        index: socket.index,
        label: socket.label,
        type: socket.type,
        to: index
          .outOf(key)
          .filter((link) => link.fromSlot === socket.index)
          .map((link) => ({
            link: link.id,
            node: link.to,
            title: title(link.to),
            socket: inputsOf(link.to).find((input) => input.name === link.toInput)?.label ?? link.toInput,
          })),
      })),
  };
}

function groupTitles(graph: Graph): Map<NodeKey, string[]> {
  const titles = new Map<NodeKey, string[]>();
  for (const id of graph.groups.ids) {
    for (const key of membersOf(graph, id).nodes) {
      titles.set(key, [...(titles.get(key) ?? []), graph.groups.by[id]?.title ?? ""]);
    }
  }
  return titles;
}
