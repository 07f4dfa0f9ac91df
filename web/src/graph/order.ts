/** Nodes in an order to read them: what feeds others before what it feeds. */
import type { Graph, NodeKey } from "./document";
import { linkIndex } from "./links";

export interface Ordered {
  readonly order: readonly NodeKey[];
  /** Nodes that are part of a circle, or behind one. They come last in `order`. */
  readonly circular: readonly NodeKey[];
}

/** Among nodes that could come next, those further left, then further up, come first. */
export function readingOrder(graph: Graph): Ordered {
  const index = linkIndex(graph);
  const place = new Map(byPosition(graph).map((key, at) => [key, at]));
  const waiting = new Map<NodeKey, number>();
  for (const key of graph.nodes.ids)
    waiting.set(key, index.allInto(key).filter((one) => place.has(one.from)).length);
  const ready = [...place.keys()].filter((key) => waiting.get(key) === 0).reverse();
  const order: NodeKey[] = [];
  for (let key = ready.pop(); key !== undefined; key = ready.pop()) {
    order.push(key);
    for (const { to } of index.outOf(key)) {
      const left = (waiting.get(to) ?? 0) - 1;
      waiting.set(to, left);
      if (left === 0) insert(ready, to, place);
    }
  }
  const done = new Set(order);
  const circular = [...place.keys()].filter((key) => !done.has(key));
  return { order: [...order, ...circular], circular };
}

function byPosition(graph: Graph): NodeKey[] {
  const at = (key: NodeKey) => graph.nodes.by[key]?.pos ?? [0, 0];
  return graph.nodes.ids.toSorted((a, b) => at(a)[0] - at(b)[0] || at(a)[1] - at(b)[1]);
}

/** `ready` is sorted with the next one at its end. */
function insert(ready: NodeKey[], key: NodeKey, place: ReadonlyMap<NodeKey, number>): void {
  const own = place.get(key) ?? 0;
  let [low, high] = [0, ready.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((place.get(ready[middle] ?? "") ?? 0) > own) low = middle + 1;
    else high = middle;
  }
  ready.splice(low, 0, key);
}
