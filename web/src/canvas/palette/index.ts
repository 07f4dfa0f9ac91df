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

export const usePalette = create<{ readonly asked: PaletteAsked | null }>(() => ({ asked: null }));

export function openPalette(at?: Point, fits?: PaletteFits): void {
  usePalette.setState({ asked: { at: at ?? null, fits: fits ?? null } });
}

export function closePalette(): void {
  usePalette.setState({ asked: null });
}
