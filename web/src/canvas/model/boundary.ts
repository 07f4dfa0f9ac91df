/** The two ends of a subgraph, as the nodes that stand for them inside lie on the canvas. */
import { BOUNDARY_IN, type Graph, type NodeKey, type Point } from "@/graph/document";
import { isObject } from "@/graph/json";
import { ports } from "@/graph/ports";
import { SOCKET_HEIGHT } from "./shape";

const WIDTH = 140;
const TOP = 36;

export interface BoundaryShape {
  readonly corner: Point;
  readonly width: number;
  readonly height: number;
  readonly inputAt: (name: string) => Point;
  readonly outputAt: (index: number) => Point;
}

/** Null for a graph that is no subgraph. */
export function boundaryShape(graph: Graph, key: NodeKey): BoundaryShape | null {
  const isStart = key === BOUNDARY_IN;
  const node = graph.info[isStart ? "inputNode" : "outputNode"];
  if (!isObject(node) && !Array.isArray(graph.info[isStart ? "inputs" : "outputs"])) return null;
  const listed = ports(graph, isStart ? "inputs" : "outputs");
  const bounding = isObject(node) ? node["bounding"] : undefined;
  const [x, y] = Array.isArray(bounding) ? bounding : [];
  const at = (index: number) => TOP + index * SOCKET_HEIGHT + SOCKET_HEIGHT / 2;
  return {
    corner: [typeof x === "number" ? x : isStart ? -300 : 900, typeof y === "number" ? y : 0],
    width: WIDTH,
    // The last row is for what is not there yet.
    height: TOP + (listed.length + 1) * SOCKET_HEIGHT + 8,
    inputAt: (name) => [
      0,
      at(
        Math.max(
          0,
          listed.findIndex((port) => port.name === name),
        ),
      ),
    ],
    outputAt: (index) => [WIDTH, at(index)],
  };
}
