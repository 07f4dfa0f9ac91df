/** The order nodes run in: what feeds a node stands before it; else as in the file. */
import type { Graph, NodeKey } from "../document";
import { linkIndex } from "../links";

/** Kahn's algorithm. Nodes on a cycle, which no order can satisfy, come last. */
export function topological(graph: Graph): NodeKey[] {
  const links = linkIndex(graph);
  const waiting = new Map<NodeKey, number>();
  for (const key of graph.nodes.ids) {
    const origins = [...links.into(key).values()];
    waiting.set(key, origins.filter((link) => Object.hasOwn(graph.nodes.by, link.from)).length);
  }
  const sorted = graph.nodes.ids.filter((key) => waiting.get(key) === 0);
  const done = new Set(sorted);
  for (let next = 0; next < sorted.length; next += 1) {
    for (const link of links.outOf(sorted[next] ?? "")) {
      const left = (waiting.get(link.to) ?? Number.NaN) - 1;
      waiting.set(link.to, left);
      if (left !== 0 || done.has(link.to)) continue;
      done.add(link.to);
      sorted.push(link.to);
    }
  }
  return [...sorted, ...graph.nodes.ids.filter((key) => !done.has(key))];
}

/** `order` of every node: what the file says as long as it fits the links, else numbered anew. */
export function orders(graph: Graph): Map<NodeKey, number> {
  const kept = new Map<NodeKey, number>();
  for (const key of graph.nodes.ids) {
    const order = graph.nodes.by[key]?.rest["order"];
    if (typeof order === "number") kept.set(key, order);
  }
  if (kept.size === graph.nodes.ids.length && new Set(kept.values()).size === kept.size && fits(graph, kept))
    return kept;
  return new Map(topological(graph).map((key, index) => [key, index]));
}

function fits(graph: Graph, order: ReadonlyMap<NodeKey, number>): boolean {
  return graph.links.ids.every((id) => {
    const link = graph.links.by[id];
    const [from, to] = [order.get(link?.from ?? ""), order.get(link?.to ?? "")];
    return from === undefined || to === undefined || from < to;
  });
}
