/** The viewport: what part of the graph is on screen, and how to go elsewhere. */
import type { ReactFlowInstance } from "@xyflow/react";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Graph,
  type GraphId,
  type NodeKey,
  type Point,
} from "@/graph/document";
import { boundsOf, boundsOfAll, fit as fitFrame, type Rect, union, type Viewport } from "@/graph/geometry";
import { type Entered, select, shownGraph, useEditor } from "@/store/editor";
import { boundaryShape } from "./model/boundary";

export const MIN_ZOOM = 0.04;
export const MAX_ZOOM = 3;

let flow: ReactFlowInstance | null = null;
let screen: HTMLElement | null = null;
/** Where each graph of the open workflow was left. */
const places = new Map<string, Viewport>();

export function attach(instance: ReactFlowInstance, element: HTMLElement): () => void {
  flow = instance;
  screen = element;
  return () => {
    if (screen === element) [flow, screen] = [null, null];
  };
}

export function screenElement(): HTMLElement | null {
  return screen;
}

export function viewport(): Viewport {
  return flow?.getViewport() ?? { x: 0, y: 0, zoom: 1 };
}

/** A place on the page as a place in the graph. */
export function toGraph(clientX: number, clientY: number): Point {
  const at = flow?.screenToFlowPosition({ x: clientX, y: clientY }, { snapToGrid: false }) ?? { x: 0, y: 0 };
  return [at.x, at.y];
}

/** A place in the graph as a place on the page. */
export function toPage([x, y]: Point): Point {
  const at = flow?.flowToScreenPosition({ x, y }) ?? { x: 0, y: 0 };
  return [at.x, at.y];
}

export function screenSize(): Point {
  return [screen?.clientWidth ?? 1280, screen?.clientHeight ?? 800];
}

/** The middle of the screen as a place in the graph. */
export function middle(): Point {
  const box = screen?.getBoundingClientRect();
  return box === undefined ? [0, 0] : toGraph(box.left + box.width / 2, box.top + box.height / 2);
}

export function onScreen(): Rect {
  const { x, y, zoom } = viewport();
  const [width, height] = screenSize();
  return { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
}

function show(to: Viewport, isSudden = false): void {
  const calm = isSudden || matchMedia("(prefers-reduced-motion: reduce)").matches;
  void flow?.setViewport({ ...to }, calm ? {} : { duration: 200 });
}

/** Show all of the graph, or the nodes given. */
export function fitView(nodes?: Iterable<NodeKey>, isSudden = false): void {
  const editor = useEditor.getState();
  const graph = editor.document.graphs.by[shownGraph(editor)];
  if (graph === undefined) return;
  const frame =
    nodes === undefined
      ? union([boundsOfAll(graph, graph.nodes.ids, graph.groups.ids) ?? [], endsOf(graph)].flat())
      : boundsOfAll(graph, nodes);
  if (frame !== null) show(fitFrame(frame, screenSize(), 40, MIN_ZOOM, 1), isSudden);
}

/** The two ends of a subgraph. */
function endsOf(graph: Graph): Rect[] {
  return [BOUNDARY_IN, BOUNDARY_OUT].flatMap((key) => {
    const shape = boundaryShape(graph, key);
    if (shape === null) return [];
    return [{ x: shape.corner[0], y: shape.corner[1], width: shape.width, height: shape.height }];
  });
}

export function zoomBy(factor: number): void {
  const { x, y, zoom } = viewport();
  const [width, height] = screenSize();
  const to = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom * factor));
  show({
    x: width / 2 - ((width / 2 - x) * to) / zoom,
    y: height / 2 - ((height / 2 - y) * to) / zoom,
    zoom: to,
  });
}

/** Bring a node to the middle, entering the subgraphs on its way, and select it. */
export function centerOn(path: readonly Entered[], node: NodeKey): void {
  const editor = useEditor.getState();
  const isHere =
    path.length === editor.path.length && path.every((step, index) => same(step, editor.path[index]));
  if (!isHere) useEditor.setState({ path });
  select([node]);
  const now = useEditor.getState();
  const record = now.document.graphs.by[shownGraph(now)]?.nodes.by[node];
  if (record === undefined) return;
  const box = boundsOf(record);
  const zoom = Math.max(0.7, Math.min(1, viewport().zoom));
  const [width, height] = screenSize();
  const go = () =>
    show({
      x: width / 2 - (box.x + box.width / 2) * zoom,
      y: height / 2 - (box.y + box.height / 2) * zoom,
      zoom,
    });
  // Another graph puts its own viewport first.
  if (isHere) go();
  else requestAnimationFrame(go);
}

function same(a: Entered, b: Entered | undefined): boolean {
  return b !== undefined && a.graph === b.graph && a.host === b.host && a.shows === b.shows;
}

/** Pan so that a node is on screen, as little as needed. */
export function reveal(box: Rect): void {
  const { x, y, zoom } = viewport();
  const seen = onScreen();
  const margin = 24 / zoom;
  const dx =
    Math.max(0, box.x + box.width + margin - seen.x - seen.width) || Math.min(0, box.x - margin - seen.x);
  const dy =
    Math.max(0, box.y + box.height + margin - seen.y - seen.height) || Math.min(0, box.y - margin - seen.y);
  if (dx !== 0 || dy !== 0) show({ x: x - dx * zoom, y: y - dy * zoom, zoom });
}

/** Remember where a graph was left, and go to where another was; all of it if it was never seen. */
export function leaveGraph(docId: string, graph: GraphId): void {
  places.set(`${docId}/${graph}`, viewport());
}

export function arriveAt(docId: string, graph: GraphId): void {
  const was = places.get(`${docId}/${graph}`);
  if (was !== undefined) show(was, true);
  else fitView(undefined, true);
}

/** Bring a place of the graph to the middle at once. */
export function showPlace([x, y]: Point): void {
  const { zoom } = viewport();
  const [width, height] = screenSize();
  show({ x: width / 2 - x * zoom, y: height / 2 - y * zoom, zoom }, true);
}
