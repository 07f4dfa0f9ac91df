/** Showing inputs of nodes inside a subgraph on its instances. */
import type { NodeKey } from "@/graph/document";
import { BOUNDARY_IN, ROOT } from "@/graph/document";
import { concealInput, exposeInput } from "@/graph/edit/interface";
import { defOf } from "@/graph/hosts";
import { linkIndex } from "@/graph/links";
import { socketsOf } from "@/graph/sockets";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import { shown } from "../useShown";

export interface Promotable {
  readonly node: NodeKey;
  readonly name: string;
  readonly isPromoted: boolean;
}

/** The inputs of a node that an instance may show, and those it shows already. None outside of subgraphs. */
export function promotable(node: NodeKey): Promotable[] {
  const { id, graph, document, defs } = shown();
  const record = graph.nodes.by[node];
  if (id === ROOT || record === undefined) return [];
  const into = linkIndex(graph).into(node);
  return socketsOf(record, defOf(document, defs, record)).inputs.flatMap(({ name }) => {
    const link = into.get(name);
    if (link !== undefined && link.from !== BOUNDARY_IN) return [];
    return [{ node, name, isPromoted: link !== undefined }];
  });
}

export function promote({ node, name, isPromoted }: Promotable): void {
  const { defs } = useDefs.getState();
  const end = { node, input: name };
  perform(isPromoted ? "steps:conceal" : "steps:expose", (draft, graph) => {
    if (isPromoted) concealInput(draft, defs, graph, end);
    else exposeInput(draft, defs, graph, end);
  });
}
