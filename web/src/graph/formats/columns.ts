/** Places for nodes that have none: columns by how far a node is from where data begins. */
import type { Graph, NodeKey, Point } from "../document";
import { TITLE_HEIGHT } from "../geometry";
import { linkIndex } from "../links";
import { topological } from "./order";

const GAP_X = 80;
const GAP_Y = 50;

export function columns(graph: Graph): Map<NodeKey, Point> {
  const links = linkIndex(graph);
  const order = topological(graph);
  const depth = new Map<NodeKey, number>();
  for (const key of order) {
    const origins = [...links.into(key).values()].map((link) => depth.get(link.from) ?? -1);
    depth.set(key, Math.max(-1, ...origins) + 1);
  }
  // What only feeds later columns stands right before them, not at the far left.
  for (const key of order.toReversed()) {
    const consumers = links.outOf(key).flatMap((link) => depth.get(link.to) ?? []);
    const nearest = Math.min(...consumers) - 1;
    if (links.into(key).size === 0 && consumers.length > 0 && nearest > 0) depth.set(key, nearest);
  }
  const rows: NodeKey[][] = [];
  for (const key of order) {
    const column = depth.get(key) ?? 0;
    const row = rows[column];
    if (row === undefined) rows[column] = [key];
    else row.push(key);
  }
  return place(graph, rows);
}

/** Each column in the order of what feeds it, so that few links cross. */
function place(graph: Graph, rows: readonly (readonly NodeKey[] | undefined)[]): Map<NodeKey, Point> {
  const links = linkIndex(graph);
  const places = new Map<NodeKey, Point>();
  let x = 0;
  for (const keys of rows) {
    if (keys === undefined) continue;
    const height = (key: NodeKey) => {
      const origins = [...links.into(key).values()].flatMap(({ from, fromSlot }) => {
        const at = places.get(from)?.[1];
        return at === undefined ? [] : [at + fromSlot];
      });
      return origins.length === 0 ? 0 : origins.reduce((sum, y) => sum + y, 0) / origins.length;
    };
    const wanted = new Map(keys.map((key) => [key, height(key)]));
    const sorted = [...keys].sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    let [y, width] = [0, 0];
    for (const key of sorted) {
      const size = graph.nodes.by[key]?.size ?? [0, 0];
      places.set(key, [x, y + TITLE_HEIGHT]);
      y += size[1] + TITLE_HEIGHT + GAP_Y;
      width = Math.max(width, size[0]);
    }
    x += width + GAP_X;
  }
  return places;
}
