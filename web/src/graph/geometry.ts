/** Sizes and places on the canvas. A node's `pos` is the corner of its body; its title lies above, as in files. */
import type { NodeDef } from "./defs";
import type { Graph, GroupRecord, NodeKey, NodeRecord, Point } from "./document";
import { isNote, REROUTE } from "./kinds";
import { ANY } from "./types";
import type { Place } from "./widgetPlaces";
import { isShown, places } from "./widgets";

export const TITLE_HEIGHT = 30;
export const ROW_HEIGHT = 24;
export const BODY_PADDING = 6;
export const MIN_WIDTH = 210;
export const WIDGET_WIDTH = 315;
export const TEXT_WIDTH = 400;
/** Rows a text of several lines takes at first. */
export const TEXT_ROWS = 5;
/** Room for the picture of nodes that show one. */
export const PREVIEW_HEIGHT = 220;
const COLLAPSED_WIDTH = 140;
export const GROUP_TITLE_HEIGHT = 34;
export const GROUP_PADDING = 10;

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The node with its title, as it lies on the canvas. */
export function boundsOf(node: NodeRecord): Rect {
  const [x, y] = node.pos;
  if (node.type === REROUTE) return { x, y, width: node.size[0], height: node.size[1] };
  if (node.flags["collapsed"] === true) {
    return { x, y: y - TITLE_HEIGHT, width: collapsedWidth(node), height: TITLE_HEIGHT };
  }
  return { x, y: y - TITLE_HEIGHT, width: node.size[0], height: node.size[1] + TITLE_HEIGHT };
}

/** How wide a collapsed node is: as it was, within what titles need. */
export function collapsedWidth(node: NodeRecord): number {
  return Math.max(COLLAPSED_WIDTH, Math.min(node.size[0], MIN_WIDTH));
}

/** The size of a node's body before anybody resizes it. */
export function sizeOf(def: NodeDef): Point {
  const shown = places(def).filter(isShown);
  const texts = def.inputs.filter(
    (input) => input.options["multiline"] === true && input.widget === "STRING",
  );
  const sockets = def.inputs.filter((input) => input.widget === null);
  const rows = Math.max(sockets.length, def.outputs.length) + shown.length + texts.length * (TEXT_ROWS - 1);
  const shows = shown.some(isLoaded) || (def.isOutput && sockets.some(({ type }) => SHOWN.has(type)));
  const width = texts.length > 0 ? TEXT_WIDTH : shown.length > 0 ? WIDGET_WIDTH : MIN_WIDTH;
  const height = rows * ROW_HEIGHT + 2 * BODY_PADDING + (shows ? PREVIEW_HEIGHT : 0);
  const labels = Math.max(0, ...sockets.map((input) => textWidth(input.name)));
  const names = Math.max(0, ...def.outputs.map((output) => textWidth(output.name)));
  return [Math.ceil(Math.max(width, textWidth(def.title) + 60, labels + names + 60)), height];
}

/** Whether the picture it names is shown at the node. */
function isLoaded({ kind, input }: Place): boolean {
  return kind === "button" || input.options["image_folder"] !== undefined;
}

/** Types of what output nodes show: pictures, or, of anything, its text. */
const SHOWN: ReadonlySet<string> = new Set(["IMAGE", "MASK", ANY]);

/** About as wide as a text is drawn. CJK characters take two places. */
function textWidth(text: string): number {
  let width = 0;
  for (const sign of text) width += sign > "\u2e7f" ? 14 : 7.5;
  return width;
}

/** The least frame around all of them; null around nothing. */
export function union(rects: Iterable<Rect>): Rect | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const rect of rects) {
    left = Math.min(left, rect.x);
    top = Math.min(top, rect.y);
    right = Math.max(right, rect.x + rect.width);
    bottom = Math.max(bottom, rect.y + rect.height);
  }
  return left > right ? null : { x: left, y: top, width: right - left, height: bottom - top };
}

export function grow(rect: Rect, by: number): Rect {
  return { x: rect.x - by, y: rect.y - by, width: rect.width + 2 * by, height: rect.height + 2 * by };
}

export function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

export function contains(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

export function centre(rect: Rect): Point {
  return [rect.x + rect.width / 2, rect.y + rect.height / 2];
}

export function holds(rect: Rect, [x, y]: Point): boolean {
  return x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
}

/** The frame around nodes and groups of a graph; null around nothing. */
export function boundsOfAll(
  graph: Graph,
  nodes: Iterable<NodeKey>,
  groups: Iterable<string> = [],
): Rect | null {
  const rects: Rect[] = [];
  for (const key of nodes) {
    const node = graph.nodes.by[key];
    if (node !== undefined) rects.push(boundsOf(node));
  }
  for (const key of groups) {
    const group = graph.groups.by[key];
    if (group !== undefined) rects.push(frameOf(group));
  }
  return union(rects);
}

export function frameOf(group: GroupRecord): Rect {
  const [x, y, width, height] = group.bounding;
  return { x, y, width, height };
}

export interface Members {
  readonly nodes: readonly NodeKey[];
  readonly groups: readonly string[];
}

/** What lies in a group: nodes by their middle, smaller groups that are inside as a whole. */
export function membersOf(graph: Graph, key: string): Members {
  const group = graph.groups.by[key];
  if (group === undefined) return { nodes: [], groups: [] };
  const frame = frameOf(group);
  const nodes = graph.nodes.ids.filter((id) => {
    const node = graph.nodes.by[id];
    return node !== undefined && holds(frame, centre(boundsOf(node)));
  });
  const groups = graph.groups.ids.filter((id) => {
    const other = graph.groups.by[id];
    return other !== undefined && id !== key && isInside(graph, id, key);
  });
  return { nodes, groups };
}

function isInside(graph: Graph, inner: string, outer: string): boolean {
  const [a, b] = [graph.groups.by[inner], graph.groups.by[outer]];
  if (a === undefined || b === undefined || !contains(frameOf(b), frameOf(a))) return false;
  // Of two equal frames the later one lies inside, or each would hold the other.
  return (
    !contains(frameOf(a), frameOf(b)) || graph.groups.ids.indexOf(inner) > graph.groups.ids.indexOf(outer)
  );
}

/** The topmost, that is smallest, group at a point. */
export function groupAt(graph: Graph, at: Point): string | null {
  let best: { key: string; area: number } | null = null;
  for (const key of graph.groups.ids) {
    const group = graph.groups.by[key];
    if (group === undefined || !holds(frameOf(group), at)) continue;
    const area = group.bounding[2] * group.bounding[3];
    if (best === null || area <= best.area) best = { key, area };
  }
  return best?.key ?? null;
}

export interface Viewport {
  /** Where the canvas's origin is drawn, in screen pixels, and the scale. */
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** The viewport that shows a frame whole, in the middle, no larger than `maxZoom`. */
export function fit(frame: Rect, screen: Point, margin = 40, minZoom = 0.05, maxZoom = 1): Viewport {
  const [width, height] = screen;
  const room = [Math.max(1, width - 2 * margin), Math.max(1, height - 2 * margin)] as const;
  const whole = Math.min(room[0] / Math.max(1, frame.width), room[1] / Math.max(1, frame.height));
  const zoom = Math.min(maxZoom, Math.max(minZoom, whole));
  const [x, y] = centre(frame);
  return { x: width / 2 - x * zoom, y: height / 2 - y * zoom, zoom };
}

/** A place near `wanted` where no node begins yet, so that what is added in one spot does not hide. */
export function freePlace(graph: Graph, wanted: Point): Point {
  const taken = new Set(graph.nodes.ids.map((id) => graph.nodes.by[id]?.pos.map(Math.round).join()));
  let [x, y] = wanted;
  while (taken.has([x, y].map(Math.round).join())) [x, y] = [x + ROW_HEIGHT, y + ROW_HEIGHT];
  return [x, y];
}

export function sizeOfNode(node: NodeRecord, def: NodeDef | undefined): Point {
  return def === undefined || isNote(node.type) ? node.size : sizeOf(def);
}
