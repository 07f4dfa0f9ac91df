/** Lining nodes up. */
import type { Draft } from "../change";
import type { GraphId, NodeKey, Point } from "../document";
import { boundsOf, centre, type Rect, union } from "../geometry";
import { isPinned, move } from "./nodes";
import { change } from "./slots";

export type Edge = "left" | "right" | "top" | "bottom" | "centreX" | "centreY";
export type Axis = "x" | "y";

/** Move nodes to one edge, or one middle line, of the frame around them. */
export function align(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, edge: Edge): void {
  const boxes = boxesOf(draft, graph, keys);
  const frame = union(boxes.map(({ box }) => box));
  if (frame === null) return;
  place(
    draft,
    graph,
    boxes.map(({ key, box }) => [key, box, aligned(box, frame, edge)]),
  );
}

function aligned(box: Rect, frame: Rect, edge: Edge): Point {
  const [middleX, middleY] = centre(frame);
  switch (edge) {
    case "left":
      return [frame.x, box.y];
    case "right":
      return [frame.x + frame.width - box.width, box.y];
    case "top":
      return [box.x, frame.y];
    case "bottom":
      return [box.x, frame.y + frame.height - box.height];
    case "centreX":
      return [middleX - box.width / 2, box.y];
    case "centreY":
      return [box.x, middleY - box.height / 2];
  }
}

/** Space nodes so that the gaps between neighbours are equal. The first and the last stay. */
export function distribute(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, axis: Axis): void {
  const size = axis === "x" ? "width" : "height";
  const boxes = boxesOf(draft, graph, keys).sort((a, b) => a.box[axis] - b.box[axis]);
  const [first, last] = [boxes[0]?.box, boxes.at(-1)?.box];
  if (first === undefined || last === undefined || boxes.length < 3) return;
  const taken = boxes.reduce((sum, { box }) => sum + box[size], 0);
  const gap = (last[axis] + last[size] - first[axis] - taken) / (boxes.length - 1);
  let at = first[axis];
  const places = boxes.map(({ key, box }): [NodeKey, Rect, Point] => {
    const to: Point = axis === "x" ? [at, box.y] : [box.x, at];
    at += box[size] + gap;
    return [key, box, to];
  });
  place(draft, graph, places);
}

/** Make nodes as wide or as high as the largest of them. */
export function sameSize(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, what: Axis | "both"): void {
  const { by } = draft.graph(graph).nodes;
  const chosen = [...keys];
  const nodes = chosen.flatMap((key) => by[key] ?? []);
  const width = Math.max(...nodes.map((node) => node.size[0]));
  const height = Math.max(...nodes.map((node) => node.size[1]));
  change(draft, graph, chosen, (node) => ({
    ...node,
    size: [what === "y" ? node.size[0] : width, what === "x" ? node.size[1] : height],
  }));
}

function boxesOf(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>): { key: NodeKey; box: Rect }[] {
  const { by } = draft.graph(graph).nodes;
  return [...new Set(keys)].flatMap((key) => {
    const node = by[key];
    return node === undefined || isPinned(node) ? [] : [{ key, box: boundsOf(node) }];
  });
}

/** Frames move with whole pixels: half ones would blur text and stay in the file. */
function place(draft: Draft, graph: GraphId, moved: readonly (readonly [NodeKey, Rect, Point])[]): void {
  const { by } = draft.graph(graph).nodes;
  const places = new Map<NodeKey, Point>();
  for (const [key, box, [x, y]] of moved) {
    const pos = by[key]?.pos;
    if (pos === undefined) continue;
    const [dx, dy] = [x - box.x, y - box.y];
    places.set(key, [
      dx === 0 ? pos[0] : Math.round(pos[0] + dx),
      dy === 0 ? pos[1] : Math.round(pos[1] + dy),
    ]);
  }
  move(draft, graph, places);
}
