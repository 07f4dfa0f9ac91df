/** The link being drawn: where it comes from, what would take it, what the pointer is over. */
import { create } from "zustand";
import {
  acceptingInputs,
  acceptingOutputs,
  canConnect,
  type InputEnd,
  type OutputEnd,
  outputType,
  type Verdict,
} from "@/graph/connect";
import type { NodeKey, Point } from "@/graph/document";
import { inputType } from "../model/inputType";
import { shown } from "../useShown";

export type WireStart =
  | { readonly kind: "output"; readonly end: OutputEnd }
  | { readonly kind: "input"; readonly end: InputEnd };

export interface Wire {
  readonly start: WireStart;
  readonly type: string;
  /** Sockets that would take it, by node: names of inputs or indexes of outputs. */
  readonly accepts: ReadonlyMap<NodeKey, ReadonlySet<string | number>>;
  /** Of the pointer, on the page. */
  readonly at: Point;
  /** The link that was picked up, and is cut if it is let go of anywhere else. */
  readonly picked: string | null;
  /** Whether all links of the output are moved to another output. */
  readonly movesAll: boolean;
}

export interface Notice {
  readonly at: Point;
  readonly code: string;
  readonly detail: string;
}

interface WireState {
  readonly wire: Wire | null;
  /** Why the last one was refused, shown for a moment where it was dropped. */
  readonly notice: Notice | null;
}

export const useWire = create<WireState>(() => ({ wire: null, notice: null }));

/** The sockets of a node that would take the wire; null while none is drawn. */
export type Accepting = ReadonlySet<string | number> | null;
const NOTHING: Accepting = new Set<string | number>();

export function useAccepting(node: NodeKey): Accepting {
  return useWire((state) => (state.wire === null ? null : (state.wire.accepts.get(node) ?? NOTHING)));
}

export function beginWire(start: WireStart, at: Point, picked: string | null = null): void {
  const { document, defs, id } = shown();
  const isOutput = start.kind === "output";
  useWire.setState({
    notice: null,
    wire: {
      start,
      type: isOutput ? outputType(document, defs, id, start.end) : inputType(start.end),
      accepts: isOutput
        ? acceptingInputs(document, defs, id, start.end)
        : acceptingOutputs(document, defs, id, start.end),
      at,
      picked,
      movesAll: false,
    },
  });
}

/** Begin moving all links of an output: what takes them is another output. */
export function beginMove(end: OutputEnd, at: Point): void {
  const { document, defs, id, graph } = shown();
  const first = graph.links.ids
    .map((key) => graph.links.by[key])
    .find((link) => link?.from === end.node && link.fromSlot === end.slot);
  if (first === undefined) return;
  const target = { node: first.to, input: first.toInput };
  useWire.setState({
    notice: null,
    wire: {
      start: { kind: "input", end: target },
      type: outputType(document, defs, id, end),
      accepts: acceptingOutputs(document, defs, id, target),
      at,
      picked: null,
      movesAll: true,
    },
  });
}

export function moveWire(at: Point): void {
  const { wire } = useWire.getState();
  if (wire !== null) useWire.setState({ wire: { ...wire, at } });
}

export function endWire(): void {
  if (useWire.getState().wire !== null) useWire.setState({ wire: null });
}

export function verdictOn(start: WireStart, other: OutputEnd | InputEnd): Verdict | null {
  const { document, defs, id } = shown();
  if (start.kind === "output" && "input" in other) return canConnect(document, defs, id, start.end, other);
  if (start.kind === "input" && "slot" in other) return canConnect(document, defs, id, other, start.end);
  return null;
}

let timer = 0;

export function refuse(at: Point, code: string, detail: string): void {
  window.clearTimeout(timer);
  useWire.setState({ notice: { at, code, detail } });
  timer = window.setTimeout(() => useWire.setState({ notice: null }), 4000);
}
