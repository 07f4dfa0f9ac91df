/** Every node of a workflow with a way to it, for lists that lead there. */
import type { Defs } from "@/graph/defs";
import { type Document, type GraphId, type NodeKey, ROOT } from "@/graph/document";
import { records } from "@/graph/table";
import type { Entered } from "@/store/editor";

export interface NodePlace {
  readonly path: readonly Entered[];
  readonly node: NodeKey;
  readonly title: string;
  /** Its class and id, and the subgraphs it lies in. */
  readonly detail: string;
}

/** A subgraph used in several places is entered by the first of them. */
export function nodesOf(document: Document, defs: Defs): NodePlace[] {
  const found: NodePlace[] = [];
  const waiting: { graph: GraphId; path: readonly Entered[] }[] = [{ graph: ROOT, path: [] }];
  const seen = new Set<GraphId>([ROOT]);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { graph, path } = next;
    const within = path.map(({ shows }) => nameOf(document, shows));
    for (const record of records(document.graphs.by[graph]?.nodes ?? { ids: [], by: {} })) {
      const node = String(record.id);
      const isSubgraph = document.graphs.by[record.type] !== undefined;
      const kind = isSubgraph ? nameOf(document, record.type) : (defs.get(record.type)?.title ?? record.type);
      found.push({
        path,
        node,
        title: record.title ?? kind,
        detail: [...within, `${isSubgraph ? kind : record.type} #${node}`].join(" › "),
      });
      if (isSubgraph && !seen.has(record.type)) {
        seen.add(record.type);
        waiting.push({ graph: record.type, path: [...path, { graph, host: node, shows: record.type }] });
      }
    }
  }
  return found;
}

function nameOf(document: Document, graph: GraphId): string {
  const name = document.graphs.by[graph]?.info["name"];
  return typeof name === "string" && name !== "" ? name : graph;
}
