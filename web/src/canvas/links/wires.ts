/** Links as lines: where they begin and end, which way they go, which one lies under the pointer. */
import { outputType } from "@/graph/connect";
import type { Defs } from "@/graph/defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Document,
  type Graph,
  type NodeKey,
  type Point,
} from "@/graph/document";
import { isObject, type Json } from "@/graph/json";
import { ANY, typeText } from "@/graph/types";
import { boundaryShape } from "../model/boundary";
import { classOf } from "../model/classOf";
import { colourOf } from "../model/colours";
import { cornerOf, shapeOf } from "../model/shape";
import type { WireStart } from "./wire";

/** One link. Its ends are given from the corners of its nodes, so that it follows them while they move. */
export interface Line {
  readonly id: string;
  readonly from: NodeKey;
  readonly to: NodeKey;
  readonly a: Point;
  readonly b: Point;
  readonly colour: string;
  /** The native reroute points it goes through, in order. */
  readonly via: readonly Via[];
}
export interface Via {
  readonly id: number;
  readonly at: Point;
}

export interface Lines {
  /** By colour, so that each colour is drawn at once. */
  readonly lines: readonly Line[];
  readonly corners: ReadonlyMap<NodeKey, Point>;
}

let made: { graph: Graph; defs: Defs; definitions: unknown; lines: Lines } | null = null;

export function linesOf(document: Document, defs: Defs, graph: Graph): Lines {
  // Definitions give their instances sockets; with none there is nothing else to look at.
  const definitions = document.graphs.ids.length > 1 ? document : null;
  if (made?.graph === graph && made.defs === defs && made.definitions === definitions) return made.lines;
  const lines = build(document, defs, graph);
  made = { graph, defs, definitions, lines };
  return lines;
}

function build(document: Document, defs: Defs, graph: Graph): Lines {
  const corners = new Map<NodeKey, Point>();
  const shapes = new Map<NodeKey, { inputAt: (name: string) => Point; outputAt: (index: number) => Point }>();
  for (const key of graph.nodes.ids) {
    const node = graph.nodes.by[key];
    if (node === undefined) continue;
    corners.set(key, cornerOf(node));
    shapes.set(key, shapeOf(node, classOf(document, defs, graph, key, node)));
  }
  for (const key of [BOUNDARY_IN, BOUNDARY_OUT]) {
    const shape = boundaryShape(graph, key);
    if (shape === null) continue;
    corners.set(key, shape.corner);
    shapes.set(key, shape);
  }
  const points = pointsOf(graph);
  const lines: Line[] = [];
  const id = document.graphs.ids.find((one) => document.graphs.by[one] === graph);
  for (const key of graph.links.ids) {
    const link = graph.links.by[key];
    const [from, to] = [link && shapes.get(link.from), link && shapes.get(link.to)];
    if (link === undefined || from === undefined || to === undefined) continue;
    const written = typeText(link.type);
    // Files say nothing of what goes through a reroute.
    const type =
      written === ANY && id !== undefined
        ? outputType(document, defs, id, { node: link.from, slot: link.fromSlot })
        : written;
    lines.push({
      id: key,
      from: link.from,
      to: link.to,
      a: from.outputAt(link.fromSlot),
      b: to.inputAt(link.toInput),
      colour: colourOf(type),
      via: points.size > 0 ? way(points, link.id, link.rest["parentId"], graph) : [],
    });
  }
  return { lines: lines.toSorted((one, other) => (one.colour < other.colour ? -1 : 1)), corners };
}

interface Knot {
  readonly at: Point;
  readonly parent: number | null;
}

function pointsOf(graph: Graph): ReadonlyMap<number, Knot> {
  const found = new Map<number, Knot>();
  const { extra } = graph.info;
  for (const list of [graph.info["reroutes"], isObject(extra) ? extra["reroutes"] : undefined]) {
    for (const one of Array.isArray(list) ? list : []) {
      if (!isObject(one) || typeof one["id"] !== "number" || !Array.isArray(one["pos"])) continue;
      const [x, y] = one["pos"];
      const parent = one["parentId"];
      if (typeof x !== "number" || typeof y !== "number") continue;
      found.set(one["id"], { at: [x, y], parent: typeof parent === "number" ? parent : null });
    }
  }
  return found;
}

/** A link names the last point before its target; each point the one before it. */
function way(points: ReadonlyMap<number, Knot>, link: number, own: Json | undefined, graph: Graph): Via[] {
  const { extra } = graph.info;
  const listed = isObject(extra) && Array.isArray(extra["linkExtensions"]) ? extra["linkExtensions"] : [];
  const entry = listed.find((one) => isObject(one) && one["id"] === link);
  let id = own ?? (isObject(entry) ? entry["parentId"] : undefined);
  const found: Via[] = [];
  const seen = new Set<number>();
  while (typeof id === "number" && !seen.has(id)) {
    seen.add(id);
    const point = points.get(id);
    if (point === undefined) break;
    found.unshift({ id, at: point.at });
    id = point.parent ?? undefined;
  }
  return found;
}

/** Where one end of a link lies in the graph; null if it is not there. */
export function anchorOf(
  document: Document,
  defs: Defs,
  graph: Graph,
  corners: ReadonlyMap<NodeKey, Point>,
  start: WireStart,
): Point | null {
  const corner = corners.get(start.end.node);
  if (corner === undefined) return null;
  const record = graph.nodes.by[start.end.node];
  const shape =
    record === undefined
      ? boundaryShape(graph, start.end.node)
      : shapeOf(record, classOf(document, defs, graph, start.end.node, record));
  if (shape === null) return null;
  const at = start.kind === "output" ? shape.outputAt(start.end.slot) : shape.inputAt(start.end.input);
  return [corner[0] + at[0], corner[1] + at[1]];
}

export type LinkStyle = "spline" | "linear" | "straight" | "hidden";

/** The corners a line takes, ends included. */
export function stops(line: Line, corners: ReadonlyMap<NodeKey, Point>): Point[] {
  const [from, to] = [corners.get(line.from), corners.get(line.to)];
  if (from === undefined || to === undefined) return [];
  return [
    [from[0] + line.a[0], from[1] + line.a[1]],
    ...line.via.map((via) => via.at),
    [to[0] + line.b[0], to[1] + line.b[1]],
  ];
}

/** How far a spline's handles reach out: like a hose, more for a longer way. */
export function slack(x1: number, y1: number, x2: number, y2: number): number {
  return Math.hypot(x2 - x1, y2 - y1) * 0.25;
}

/** Draw from one place to another, as the style has it. The pen is at the start already. */
export function stroke(
  pen: Pick<CanvasRenderingContext2D, "lineTo" | "bezierCurveTo">,
  style: LinkStyle,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): void {
  if (style === "spline") {
    const reach = slack(x1, y1, x2, y2);
    pen.bezierCurveTo(x1 + reach, y1, x2 - reach, y2, x2, y2);
    return;
  }
  if (style === "linear") {
    pen.lineTo(x1 + 15, y1);
    pen.lineTo(x2 - 15, y2);
  } else if (style === "straight") {
    const middle = (x1 + x2) / 2;
    pen.lineTo(middle, y1);
    pen.lineTo(middle, y2);
  }
  pen.lineTo(x2, y2);
}

/** A point of the way between two stops, `t` from 0 to 1. */
export function along(style: LinkStyle, [x1, y1]: Point, [x2, y2]: Point, t: number): Point {
  if (style !== "spline") {
    const pen = { places: [[x1, y1] as Point], lineTo: (x: number, y: number) => pen.places.push([x, y]) };
    stroke({ lineTo: pen.lineTo, bezierCurveTo: () => {} }, style, x1, y1, x2, y2);
    return onPath(pen.places, t);
  }
  const reach = slack(x1, y1, x2, y2);
  const [u, v] = [1 - t, t];
  const [a, b, c, d] = [u * u * u, 3 * u * u * v, 3 * u * v * v, v * v * v];
  return [a * x1 + b * (x1 + reach) + c * (x2 - reach) + d * x2, a * y1 + b * y1 + c * y2 + d * y2];
}

function onPath(path: readonly Point[], t: number): Point {
  const last = path.length - 1;
  const at = Math.min(last - 1e-9, t * last);
  const [from, to] = [path[Math.floor(at)], path[Math.floor(at) + 1]];
  if (from === undefined || to === undefined) return path[0] ?? [0, 0];
  const share = at - Math.floor(at);
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
}

/** The line nearest to a place, if it is no further than `within`. */
export function lineAt(
  { lines }: Lines,
  corners: ReadonlyMap<NodeKey, Point>,
  style: LinkStyle,
  [x, y]: Point,
  within: number,
): string | null {
  let best: { id: string; far: number } | null = null;
  for (const line of lines) {
    const path = stops(line, corners);
    for (let index = 1; index < path.length; index += 1) {
      const [from, to] = [path[index - 1], path[index]];
      if (from === undefined || to === undefined) continue;
      const room = within + slack(from[0], from[1], to[0], to[1]);
      if (x < Math.min(from[0], to[0]) - room || x > Math.max(from[0], to[0]) + room) continue;
      if (y < Math.min(from[1], to[1]) - within || y > Math.max(from[1], to[1]) + within) continue;
      const far = distance(style, from, to, [x, y]);
      if (far <= within && (best === null || far < best.far)) best = { id: line.id, far };
    }
  }
  return best?.id ?? null;
}

function distance(style: LinkStyle, from: Point, to: Point, [x, y]: Point): number {
  let least = Number.POSITIVE_INFINITY;
  let before = from;
  for (let step = 1; step <= 32; step += 1) {
    const next = along(style, from, to, step / 32);
    least = Math.min(least, toSegment(before, next, x, y));
    before = next;
  }
  return least;
}

function toSegment([x1, y1]: Point, [x2, y2]: Point, x: number, y: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}
