/**
 * Where everything of a node lies, worked out without drawing it: links end at the right place before a node is
 * mounted, and nothing has to be measured. Heights agree with the files other editors write.
 */
import type { InputDef, NodeDef } from "@/graph/defs";
import type { NodeRecord, Point } from "@/graph/document";
import { collapsedWidth, TITLE_HEIGHT } from "@/graph/geometry";
import { isNote, REROUTE } from "@/graph/kinds";
import { type InputSocket, type OutputSocket, socketsOf } from "@/graph/sockets";
import { isShown, type Place, places } from "@/graph/widgets";
import type { Ends } from "./ends";

export const SOCKET_HEIGHT = 20;
export const WIDGET_HEIGHT = 24;
const PADDING = 4;
/** A text of several lines never gets less than this. */
const TEXT_HEIGHT = 64;
export const REROUTE_SIZE: Point = [75, 26];

/** One line of a node's body. `y` is its top, measured from the top of the title. */
export interface WidgetRow {
  readonly key: string;
  readonly place: Place;
  readonly socket: InputSocket | null;
  readonly y: number;
  readonly height: number;
}

export interface Shape {
  readonly inputs: readonly InputSocket[];
  readonly outputs: readonly OutputSocket[];
  readonly widgets: readonly WidgetRow[];
  readonly isCollapsed: boolean;
  readonly width: number;
  /** With the title. */
  readonly height: number;
  /** Where the rows end: what a node shows of its results comes below. */
  readonly end: number;
  /** Middle of a socket, from the top left corner of the title. */
  readonly inputAt: (name: string) => Point;
  readonly outputAt: (index: number) => Point;
}

const KNOWN = new WeakMap<NodeRecord, { def: NodeDef | undefined; shape: Shape }>();

export function shapeOf(node: NodeRecord, def: NodeDef | undefined): Shape {
  const known = KNOWN.get(node);
  if (known !== undefined && known.def === def) return known.shape;
  const shape = build(node, def);
  KNOWN.set(node, { def, shape });
  return shape;
}

function build(node: NodeRecord, def: NodeDef | undefined): Shape {
  const sockets = socketsOf(node, def);
  if (node.type === REROUTE) return reroute(node, sockets.inputs, sockets.outputs);
  const isCollapsed = node.flags["collapsed"] === true;
  const plain = sockets.inputs.filter((socket) => !socket.isWidget || def === undefined);
  const top = TITLE_HEIGHT + (isNote(node.type) ? 0 : PADDING);
  const socketRows = Math.max(plain.length, sockets.outputs.length);
  const rowsAt = top + socketRows * SOCKET_HEIGHT + (socketRows > 0 ? PADDING : 0);
  const shown = def === undefined ? [] : places(def).filter(isShown);
  const { widgets, end } = layRows(shown, sockets.inputs, rowsAt, node.size[1] + TITLE_HEIGHT);
  const width = isCollapsed ? collapsedWidth(node) : Math.max(node.size[0], 100);
  const height = isCollapsed ? TITLE_HEIGHT : Math.max(node.size[1] + TITLE_HEIGHT, end);
  const places_ = new Map<string, number>();
  plain.forEach((socket, index) => {
    places_.set(socket.name, top + index * SOCKET_HEIGHT + SOCKET_HEIGHT / 2);
  });
  for (const row of widgets) {
    if (row.socket !== null) places_.set(row.socket.name, row.y + Math.min(row.height, WIDGET_HEIGHT) / 2);
  }
  const middle = TITLE_HEIGHT / 2;
  return {
    inputs: plain,
    outputs: sockets.outputs,
    widgets,
    isCollapsed,
    width,
    height,
    end,
    inputAt: (name) => [0, isCollapsed ? middle : (places_.get(name) ?? middle)],
    outputAt: (index) => [width, isCollapsed ? middle : top + index * SOCKET_HEIGHT + SOCKET_HEIGHT / 2],
  };
}

function layRows(
  shown: readonly Place[],
  inputs: readonly InputSocket[],
  from: number,
  bottom: number,
): { widgets: WidgetRow[]; end: number } {
  const texts = shown.filter(isText).length;
  const pictures = shown.some((place) => place.kind === "button");
  const fixed = from + (shown.length - texts) * WIDGET_HEIGHT + PADDING;
  const left = pictures ? 0 : (bottom - fixed) / Math.max(1, texts);
  const textHeight = Math.max(TEXT_HEIGHT, Math.floor(left));
  let y = from;
  const widgets = shown.map((place): WidgetRow => {
    const height = isText(place) ? textHeight : WIDGET_HEIGHT;
    const { name } = place.input;
    const isSocket = place.kind === "value" && place.input.options["socketless"] !== true;
    const socket = isSocket ? (inputs.find((one) => one.name === name) ?? null) : null;
    const row = { key: `${place.kind}:${name}`, place, socket, y, height };
    y += height;
    return row;
  });
  return { widgets, end: y + (shown.length > 0 ? PADDING : 0) };
}

export function isText(place: Place): boolean {
  return place.kind === "value" && isMultiline(place.input);
}

export function isMultiline(input: InputDef): boolean {
  return input.widget === "STRING" && input.options["multiline"] === true;
}

function reroute(node: NodeRecord, inputs: readonly InputSocket[], outputs: readonly OutputSocket[]): Shape {
  const [width, height] = [Math.max(30, node.size[0]), Math.max(20, node.size[1])];
  return {
    inputs,
    outputs,
    widgets: [],
    isCollapsed: false,
    width,
    height,
    end: height,
    inputAt: () => [0, height / 2],
    outputAt: () => [width, height / 2],
  };
}

/** The top left corner of what is drawn: the title lies above a node's place. */
export function cornerOf(node: NodeRecord, moved?: Point): Point {
  const [x, y] = moved ?? node.pos;
  return [x, node.type === REROUTE ? y : y - TITLE_HEIGHT];
}

/** How many of a node's plain inputs are linked, for its description. */
export function linkedInputs(shape: Shape, ends: Ends): readonly [number, number] {
  const plain = shape.inputs.filter((socket) => !socket.isWidget);
  return [plain.filter((socket) => ends.inputs.has(socket.name)).length, plain.length];
}
