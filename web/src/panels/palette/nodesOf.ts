/** Every node of a workflow with a way to it, for lists that lead there. */
import { titleOf } from "@/graph/connect";
import type { Defs } from "@/graph/defs";
import type { Document, GraphId, NodeKey } from "@/graph/document";
import { records } from "@/graph/table";
import { paths } from "@/panels/pathTo";
import type { Entered } from "@/store/editor";

export interface NodePlace {
  readonly path: readonly Entered[];
  readonly node: NodeKey;
  readonly title: string;
  /** The subgraphs it lies in, its class and its id. */
  readonly detail: string;
}

export function nodesOf(document: Document, defs: Defs): NodePlace[] {
  return [...paths(document)].flatMap(([graph, path]) => {
    const within = path.map(({ shows }) => nameOf(document, shows));
    const nodes = document.graphs.by[graph]?.nodes;
    return (nodes === undefined ? [] : records(nodes)).map((record) => {
      const node = String(record.id);
      const kind =
        document.graphs.by[record.type] === undefined ? record.type : nameOf(document, record.type);
      return {
        path,
        node,
        title: titleOf(document, defs, graph, node),
        detail: [...within, `${kind} #${node}`].join(" › "),
      };
    });
  });
}

function nameOf(document: Document, graph: GraphId): string {
  const name = document.graphs.by[graph]?.info["name"];
  return typeof name === "string" && name !== "" ? name : graph;
}
