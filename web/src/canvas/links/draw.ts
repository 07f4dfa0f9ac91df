/** Everything that is drawn rather than mounted: the grid, frames of groups, links, and nodes seen from afar. */
import type { Graph, GroupRecord, NodeKey, Point } from "@/graph/document";
import { boundsOf, type Viewport } from "@/graph/geometry";
import { type Line, type Lines, type LinkStyle, slack, stops, stroke } from "./wires";

export interface Palette {
  readonly grid: string;
  readonly node: string;
  readonly title: string;
  readonly border: string;
  readonly text: string;
  readonly accent: string;
  readonly states: Readonly<Record<string, string>>;
}

export interface Scene {
  readonly graph: Graph;
  readonly lines: Lines;
  readonly corners: ReadonlyMap<NodeKey, Point>;
  readonly frames: ReadonlyMap<string, GroupRecord["bounding"]> | null;
  readonly style: LinkStyle;
  readonly selection: ReadonlySet<NodeKey>;
  readonly selectedGroups: ReadonlySet<string>;
  /** Links drawn bold. */
  readonly lit: ReadonlySet<string>;
  readonly isMounted: (node: NodeKey) => boolean;
  readonly titleOf: (node: NodeKey) => string;
  readonly stateOf: (node: NodeKey) => string | undefined;
}

const GRID = 20;

export function draw(
  pen: CanvasRenderingContext2D,
  scene: Scene,
  view: Viewport,
  size: Point,
  ratio: number,
  palette: Palette,
): void {
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, size[0], size[1]);
  grid(pen, view, size, palette);
  pen.setTransform(ratio * view.zoom, 0, 0, ratio * view.zoom, ratio * view.x, ratio * view.y);
  const seen: Seen = {
    left: -view.x / view.zoom,
    top: -view.y / view.zoom,
    right: (size[0] - view.x) / view.zoom,
    bottom: (size[1] - view.y) / view.zoom,
    zoom: view.zoom,
  };
  groups(pen, scene, seen, palette);
  if (scene.style !== "hidden") links(pen, scene, seen, palette);
  nodes(pen, scene, seen, palette);
}

interface Seen {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly zoom: number;
}

function isOut(seen: Seen, x: number, y: number, width: number, height: number): boolean {
  return x > seen.right || y > seen.bottom || x + width < seen.left || y + height < seen.top;
}

function grid(pen: CanvasRenderingContext2D, view: Viewport, size: Point, palette: Palette): void {
  let step = GRID * view.zoom;
  if (step < 8) return;
  if (step < 14) step *= 2;
  pen.fillStyle = palette.grid;
  const dot = step > 30 ? 2 : 1.5;
  for (let x = ((view.x % step) + step) % step; x < size[0]; x += step) {
    for (let y = ((view.y % step) + step) % step; y < size[1]; y += step) pen.fillRect(x, y, dot, dot);
  }
}

function groups(pen: CanvasRenderingContext2D, scene: Scene, seen: Seen, palette: Palette): void {
  for (const key of scene.graph.groups.ids) {
    const group = scene.graph.groups.by[key];
    if (group === undefined) continue;
    const [x, y, width, height] = scene.frames?.get(key) ?? group.bounding;
    if (isOut(seen, x, y, width, height)) continue;
    const colour = group.color ?? "#3f789e";
    pen.globalAlpha = 0.18;
    pen.fillStyle = colour;
    pen.fillRect(x, y, width, height);
    pen.globalAlpha = 0.75;
    pen.strokeStyle = scene.selectedGroups.has(key) ? palette.accent : colour;
    pen.lineWidth = (scene.selectedGroups.has(key) ? 2 : 1) / Math.min(1, seen.zoom);
    pen.strokeRect(x, y, width, height);
  }
  pen.globalAlpha = 1;
}

function links(pen: CanvasRenderingContext2D, scene: Scene, seen: Seen, palette: Palette): void {
  pen.lineCap = "round";
  pen.lineJoin = "round";
  pen.lineWidth = Math.max(2.5, 0.9 / seen.zoom);
  pen.globalAlpha = 0.85;
  let colour = "";
  for (const line of scene.lines.lines) {
    if (line.colour !== colour) {
      if (colour !== "") pen.stroke();
      pen.beginPath();
      colour = line.colour;
      pen.strokeStyle = colour;
    }
    trace(pen, scene, seen, line);
  }
  if (colour !== "") pen.stroke();
  pen.globalAlpha = 1;
  for (const line of scene.lines.lines) {
    if (!scene.lit.has(line.id)) continue;
    pen.beginPath();
    trace(pen, scene, seen, line);
    pen.lineWidth = Math.max(7, 3 / seen.zoom);
    pen.strokeStyle = palette.accent;
    pen.stroke();
    pen.lineWidth = Math.max(3.5, 1.5 / seen.zoom);
    pen.strokeStyle = line.colour;
    pen.stroke();
  }
  knots(pen, scene, seen);
}

function trace(pen: CanvasRenderingContext2D, scene: Scene, seen: Seen, line: Line): void {
  const from = scene.corners.get(line.from);
  const to = scene.corners.get(line.to);
  if (from === undefined || to === undefined) return;
  if (line.via.length > 0) {
    traceThrough(pen, scene, line);
    return;
  }
  const [x1, y1] = [from[0] + line.a[0], from[1] + line.a[1]];
  const [x2, y2] = [to[0] + line.b[0], to[1] + line.b[1]];
  const room = slack(x1, y1, x2, y2);
  const left = Math.min(x1, x2) - room;
  const top = Math.min(y1, y2);
  if (isOut(seen, left, top, Math.abs(x2 - x1) + 2 * room, Math.abs(y2 - y1))) return;
  pen.moveTo(x1, y1);
  // Too small on screen for its curve to be seen.
  const isTiny = (Math.abs(x2 - x1) + Math.abs(y2 - y1)) * seen.zoom < 12;
  if (isTiny) pen.lineTo(x2, y2);
  else stroke(pen, scene.style, x1, y1, x2, y2);
}

function traceThrough(pen: CanvasRenderingContext2D, scene: Scene, line: Line): void {
  const path = stops(line, scene.corners);
  for (let index = 1; index < path.length; index += 1) {
    const [from, to] = [path[index - 1], path[index]];
    if (from === undefined || to === undefined) continue;
    pen.moveTo(from[0], from[1]);
    stroke(pen, scene.style, from[0], from[1], to[0], to[1]);
  }
}

function knots(pen: CanvasRenderingContext2D, scene: Scene, seen: Seen): void {
  const done = new Set<number>();
  for (const line of scene.lines.lines) {
    for (const { id, at } of line.via) {
      if (done.has(id) || isOut(seen, at[0] - 6, at[1] - 6, 12, 12)) continue;
      done.add(id);
      pen.beginPath();
      pen.arc(at[0], at[1], 6, 0, 2 * Math.PI);
      pen.fillStyle = line.colour;
      pen.fill();
    }
  }
}

/** Below this scale a title cannot be read. */
const READABLE = 0.28;

function nodes(pen: CanvasRenderingContext2D, scene: Scene, seen: Seen, palette: Palette): void {
  const hasTitles = seen.zoom >= READABLE;
  pen.textBaseline = "middle";
  pen.font = "600 13px Inter, system-ui, sans-serif";
  for (const key of scene.graph.nodes.ids) {
    const node = scene.graph.nodes.by[key];
    const corner = scene.corners.get(key);
    if (node === undefined || corner === undefined || scene.isMounted(key)) continue;
    const box = boundsOf(node);
    const [x, y] = corner;
    if (isOut(seen, x, y, box.width, box.height)) continue;
    const isFaded = node.mode === 2 || node.mode === 4;
    if (isFaded) pen.globalAlpha = 0.45;
    pen.fillStyle = node.bgcolor ?? palette.node;
    pen.fillRect(x, y, box.width, box.height);
    pen.fillStyle = node.color ?? palette.title;
    pen.fillRect(x, y, box.width, Math.min(30, box.height));
    const state = scene.stateOf(key);
    const mark = scene.selection.has(key) ? palette.accent : state && palette.states[state];
    if (mark !== undefined && mark !== "") {
      pen.strokeStyle = mark;
      pen.lineWidth = Math.max(2, 1.5 / seen.zoom);
      pen.strokeRect(x, y, box.width, box.height);
    }
    if (hasTitles) {
      pen.fillStyle = palette.text;
      pen.fillText(scene.titleOf(key), x + 10, y + 15, box.width - 20);
    }
    if (isFaded) pen.globalAlpha = 1;
  }
}
