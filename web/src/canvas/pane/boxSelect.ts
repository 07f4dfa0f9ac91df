import { type RefObject, useEffect } from "react";
import { create } from "zustand";
import type { Point } from "@/graph/document";
import { boundsOf, contains, frameOf, overlap, type Rect } from "@/graph/geometry";
import { select, useEditor } from "@/store/editor";
import { CLICK } from "../state";
import { shown } from "../useShown";
import { toGraph } from "../view";

/** The box being drawn, on the page. */
export const useBox = create<{ readonly box: Rect | null }>(() => ({ box: null }));

/** Dragging over the empty canvas with the left button chooses what it touches; with Shift in addition. */
export function useBoxSelect(screen: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = screen.current;
    if (element === null) return;
    let start: Point | null = null;
    let isAdding = false;
    let hasMoved = false;
    let isSpace = false;
    let before: { nodes: ReadonlySet<string>; groups: ReadonlySet<string> } | null = null;

    const down = (event: PointerEvent) => {
      const isPane = event.target instanceof Element && event.target.classList.contains("react-flow__pane");
      // A finger pans, and so does the mouse while Space is held.
      if (event.button !== 0 || event.pointerType === "touch" || !isPane || isSpace) return;
      start = [event.clientX, event.clientY];
      isAdding = event.shiftKey || event.ctrlKey || event.metaKey;
      hasMoved = false;
      const { selection, selectedGroups } = useEditor.getState();
      before = { nodes: selection, groups: selectedGroups };
    };
    const move = (event: PointerEvent) => {
      if (start === null) return;
      const [dx, dy] = [event.clientX - start[0], event.clientY - start[1]];
      if (!hasMoved && Math.hypot(dx, dy) < CLICK) return;
      hasMoved = true;
      const box = {
        x: Math.min(start[0], event.clientX),
        y: Math.min(start[1], event.clientY),
        width: Math.abs(dx),
        height: Math.abs(dy),
      };
      useBox.setState({ box });
      choose(box, isAdding ? before : null);
    };
    const up = () => {
      if (start === null) return;
      start = null;
      useBox.setState({ box: null });
      // The click that ends a drag is not one on the canvas.
      if (hasMoved) window.addEventListener("click", swallow, { capture: true, once: true });
      if (hasMoved) window.setTimeout(() => window.removeEventListener("click", swallow, true), 0);
    };
    const key = (event: KeyboardEvent) => {
      if (event.code === "Space") isSpace = event.type === "keydown";
    };
    element.addEventListener("pointerdown", down);
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", up);
    window.addEventListener("keydown", key);
    window.addEventListener("keyup", key);
    return () => {
      element.removeEventListener("pointerdown", down);
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", up);
      window.removeEventListener("keydown", key);
      window.removeEventListener("keyup", key);
    };
  }, [screen]);
}

function swallow(event: Event): void {
  event.stopPropagation();
}

function choose(
  box: Rect,
  before: { readonly nodes: ReadonlySet<string>; readonly groups: ReadonlySet<string> } | null,
): void {
  const [left, top] = toGraph(box.x, box.y);
  const [right, bottom] = toGraph(box.x + box.width, box.y + box.height);
  const frame = { x: left, y: top, width: right - left, height: bottom - top };
  const { graph, selection, selectedGroups } = shown();
  const nodes = graph.nodes.ids.filter((key) => {
    const record = graph.nodes.by[key];
    return before?.nodes.has(key) === true || (record !== undefined && overlap(frame, boundsOf(record)));
  });
  const groups = graph.groups.ids.filter((key) => {
    const record = graph.groups.by[key];
    return before?.groups.has(key) === true || (record !== undefined && contains(frame, frameOf(record)));
  });
  const isSame =
    nodes.length === selection.size &&
    groups.length === selectedGroups.size &&
    nodes.every((key) => selection.has(key)) &&
    groups.every((key) => selectedGroups.has(key));
  if (!isSame) select(nodes, groups);
}
