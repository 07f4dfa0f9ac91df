/** What becomes of a wire where it is let go: a link, a new port, a reason why not, or the palette. */
import type { InputEnd, OutputEnd } from "@/graph/connect";
import type { NodeKey, Point } from "@/graph/document";
import { exposeInput, exposeOutput } from "@/graph/edit/interface";
import { link, moveLinks, unlink } from "@/graph/edit/links";
import { boundsOf, holds } from "@/graph/geometry";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import { openPalette } from "../palette";
import { shown } from "../useShown";
import { toGraph } from "../view";
import { endWire, refuse, useWire, verdictOn, type Wire } from "./wire";

export type Target =
  | { readonly kind: "end"; readonly end: OutputEnd | InputEnd }
  | { readonly kind: "newPort"; readonly side: "inputs" | "outputs" }
  | { readonly kind: "node"; readonly node: NodeKey }
  | { readonly kind: "empty" };

/** What lies at a place on the page. Nodes that are only drawn count as nodes. */
export function targetAt([x, y]: Point): Target {
  const element = document.elementFromPoint(x, y);
  const node = element?.closest(".react-flow__node")?.getAttribute("data-id") ?? null;
  const port = element?.closest("[data-new-port]")?.getAttribute("data-new-port");
  if (port === "inputs" || port === "outputs") return { kind: "newPort", side: port };
  const input = element?.closest("[data-socket-in]")?.getAttribute("data-socket-in");
  const output = element?.closest("[data-socket-out]")?.getAttribute("data-socket-out");
  // Anywhere on a widget means the widget.
  const widget = element?.closest("[data-widget]")?.getAttribute("data-widget");
  if (node !== null) {
    if (input != null) return { kind: "end", end: { node, input } };
    if (output != null) return { kind: "end", end: { node, slot: Number(output) } };
    if (widget != null && useWire.getState().wire?.start.kind === "output") {
      return { kind: "end", end: { node, input: widget } };
    }
    return { kind: "node", node };
  }
  if (element?.closest("[data-canvas]") == null) return { kind: "empty" };
  const at = toGraph(x, y);
  const { graph } = shown();
  const under = graph.nodes.ids.findLast((key) => {
    const record = graph.nodes.by[key];
    return record !== undefined && holds(boundsOf(record), at);
  });
  return under === undefined ? { kind: "empty" } : { kind: "node", node: under };
}

/** Let go of the wire. One that was carried from tap to tap is dropped on nothing without further ado. */
export function dropWire(at: Point, isCarried = false): void {
  const { wire } = useWire.getState();
  if (wire === null) return;
  const target = targetAt(at);
  endWire();
  switch (target.kind) {
    case "end":
      connect(wire, target.end, at);
      break;
    case "newPort":
      addPort(wire, target.side, at);
      break;
    case "node":
      connectToNode(wire, target.node, at);
      break;
    case "empty":
      if (isCarried) return;
      if (wire.picked !== null) cut(wire.picked);
      else if (!wire.movesAll) openPalette(at, { start: wire.start, type: wire.type });
  }
}

function connect(wire: Wire, other: OutputEnd | InputEnd, at: Point): void {
  const { start, picked, movesAll } = wire;
  const verdict = verdictOn(start, other);
  if (verdict === null) {
    // An output on an output: a slip, unless it is where the wire came from.
    const isSame = start.end.node === other.node;
    if (!isSame) refuse(at, start.kind === "output" ? "bothOutputs" : "bothInputs", "");
    return;
  }
  if (!verdict.ok) {
    refuse(at, verdict.code, verdict.detail);
    return;
  }
  const { defs } = useDefs.getState();
  if (movesAll && "slot" in other) {
    const from = sourceOf(start.end);
    if (from !== null)
      perform("steps:moveLinks", (draft, graph) => moveLinks(draft, defs, graph, from, other));
    return;
  }
  perform("steps:link", (draft, graph) => {
    const { links } = draft.graph(graph);
    const old = picked === null ? undefined : links.by[picked];
    const isBack =
      old !== undefined && "input" in other && old.to === other.node && old.toInput === other.input;
    if (isBack) return;
    if (picked !== null) unlink(draft, defs, graph, [picked]);
    if (start.kind === "output" && "input" in other) link(draft, defs, graph, start.end, other);
    if (start.kind === "input" && "slot" in other) link(draft, defs, graph, other, start.end);
  });
}

function sourceOf(end: OutputEnd | InputEnd): OutputEnd | null {
  if ("slot" in end) return end;
  const { graph } = shown();
  const into = graph.links.ids
    .map((key) => graph.links.by[key])
    .find((one) => one?.to === end.node && one.toInput === end.input);
  return into === undefined ? null : { node: into.from, slot: into.fromSlot };
}

/** Dropped on a node: the first of its sockets that takes it and is free, else the first that takes it. */
function connectToNode(wire: Wire, node: NodeKey, at: Point): void {
  const { start, accepts } = wire;
  if (node === start.end.node) return;
  const fitting = [...(accepts.get(node) ?? [])];
  const { graph } = shown();
  const isTaken = (name: string | number) =>
    typeof name === "string" &&
    graph.links.ids.some((id) => graph.links.by[id]?.to === node && graph.links.by[id]?.toInput === name);
  const chosen = fitting.find((name) => !isTaken(name)) ?? fitting[0];
  if (chosen === undefined) {
    refuse(at, "nothingFits", wire.type);
    return;
  }
  connect(wire, typeof chosen === "number" ? { node, slot: chosen } : { node, input: chosen }, at);
}

function addPort({ start, type }: Wire, side: "inputs" | "outputs", at: Point): void {
  const { defs } = useDefs.getState();
  if (start.kind === "input" && side === "inputs") {
    perform("steps:addPort", (draft, graph) => exposeInput(draft, defs, graph, start.end));
  } else if (start.kind === "output" && side === "outputs") {
    perform("steps:addPort", (draft, graph) => exposeOutput(draft, defs, graph, start.end));
  } else refuse(at, "wrongSide", type);
}

export function cut(link: string): void {
  perform("steps:unlink", (draft, graph) => unlink(draft, useDefs.getState().defs, graph, [link]));
}
