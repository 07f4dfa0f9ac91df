/** What the canvas shows beside the document: where things are while they are dragged, what the pointer is over. */
import { create } from "zustand";
import type { NodeKey, Point } from "@/graph/document";

interface CanvasState {
  /** Places of nodes being dragged, in the document's terms; null when nothing is. */
  readonly moved: ReadonlyMap<NodeKey, Point> | null;
  /** Frames of groups being dragged or resized. */
  readonly frames: ReadonlyMap<string, readonly [number, number, number, number]> | null;
  /** Body sizes of nodes being resized. */
  readonly sizes: ReadonlyMap<NodeKey, Point> | null;
  readonly selectedLink: string | null;
  readonly hoveredLink: string | null;
  /** The node whose title is being edited. */
  readonly renaming: NodeKey | null;
  readonly renamingGroup: string | null;
  /** The note being written. */
  readonly writing: NodeKey | null;
  readonly minimap: boolean;
}

export const useCanvas = create<CanvasState>(() => ({
  moved: null,
  frames: null,
  sizes: null,
  selectedLink: null,
  hoveredLink: null,
  renaming: null,
  renamingGroup: null,
  writing: null,
  minimap: false,
}));

/** Canvas pixels a press may wander and still be a click. */
export const CLICK = 5;
