/** The palette of node classes: whether it is open, where, and what is to fit. */
import { create } from "zustand";
import type { Point } from "@/graph/document";
import type { WireStart } from "../links/wire";

export interface PaletteFits {
  readonly start: WireStart;
  readonly type: string;
}
export interface PaletteAsked {
  /** Where it was asked for, on the page: the node goes there. */
  readonly at: Point | null;
  readonly fits: PaletteFits | null;
}

interface PaletteState {
  readonly asked: PaletteAsked | null;
  /** What was typed before there was a field to type into. */
  readonly typed: string;
}

export const usePalette = create<PaletteState>(() => ({ asked: null, typed: "" }));

export function openPalette(at?: Point, fits?: PaletteFits): void {
  usePalette.setState({ asked: { at: at ?? null, fits: fits ?? null }, typed: "" });
  window.addEventListener("keydown", gather, true);
}

export function closePalette(): void {
  usePalette.setState({ asked: null, typed: "" });
  stopGathering();
}

/** The search field has the keyboard from now on. */
export function stopGathering(): void {
  window.removeEventListener("keydown", gather, true);
}

/** Who opens the palette types on at once: those keys are its own, not the canvas's. */
function gather(event: KeyboardEvent): void {
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  usePalette.setState(({ typed }) => ({ typed: typed + event.key }));
}
