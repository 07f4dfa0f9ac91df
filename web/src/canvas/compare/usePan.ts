import { type PointerEvent, useRef } from "react";
import type { Point } from "@/graph/document";
import type { Viewport } from "@/graph/geometry";
import { panned, zoomed } from "./viewports";

/** One pointer moves what is looked at, two fingers zoom it. */
export function usePan(view: Viewport, onView: (view: Viewport) => void) {
  const held = useRef(new Map<number, Point>());
  const release = (event: PointerEvent) => held.current.delete(event.pointerId);
  return {
    onPointerDown: (event: PointerEvent) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      held.current.set(event.pointerId, [event.clientX, event.clientY]);
    },
    onPointerMove: (event: PointerEvent) => {
      const was = held.current.get(event.pointerId);
      if (was === undefined) return;
      const now: Point = [event.clientX, event.clientY];
      held.current.set(event.pointerId, now);
      const other = [...held.current].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) {
        onView(panned(view, now[0] - was[0], now[1] - was[1]));
        return;
      }
      const frame = event.currentTarget.getBoundingClientRect();
      const middle: Point = [(now[0] + other[0]) / 2 - frame.left, (now[1] + other[1]) / 2 - frame.top];
      const factor = distance(now, other) / Math.max(1, distance(was, other));
      const moved = panned(view, (now[0] - was[0]) / 2, (now[1] - was[1]) / 2);
      onView(zoomed(moved, factor, middle));
    },
    onPointerUp: release,
    onPointerCancel: release,
  };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
