/** Where the corners of nodes are right now: as in the document, but for those being dragged. */
import { BOUNDARY_IN, BOUNDARY_OUT, type NodeKey, type Point } from "@/graph/document";
import { cornerOf } from "../model/shape";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { linesOf } from "./wires";

export function cornersNow(): ReadonlyMap<NodeKey, Point> {
  const { graph, document, defs } = shown();
  const { corners } = linesOf(document, defs, graph);
  const { moved } = useCanvas.getState();
  if (moved === null || moved.size === 0) return corners;
  const now = new Map(corners);
  for (const [key, at] of moved) {
    const node = graph.nodes.by[key];
    if (node !== undefined) now.set(key, cornerOf(node, at));
    else if (key === BOUNDARY_IN || key === BOUNDARY_OUT) now.set(key, at);
  }
  return now;
}
