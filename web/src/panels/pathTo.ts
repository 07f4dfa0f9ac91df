import { type Document, type GraphId, ROOT } from "@/graph/document";
import { records } from "@/graph/table";
import type { Entered } from "@/store/editor";

/** The shortest way into a graph from the root; null if nothing in use leads there. */
export function pathTo(document: Document, wanted: GraphId): readonly Entered[] | null {
  return paths(document).get(wanted) ?? null;
}

/** Every graph that can be entered, with the shortest way to it. */
export function paths(document: Document): ReadonlyMap<GraphId, readonly Entered[]> {
  const found = new Map<GraphId, readonly Entered[]>([[ROOT, []]]);
  // The map grows while it is walked: what is found is looked into in turn.
  for (const [graph, path] of found) {
    const nodes = document.graphs.by[graph]?.nodes;
    for (const { id, type } of nodes === undefined ? [] : records(nodes)) {
      if (found.has(type) || document.graphs.by[type] === undefined) continue;
      found.set(type, [...path, { graph, host: String(id), shows: type }]);
    }
  }
  return found;
}
