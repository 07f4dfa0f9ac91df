import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { FITTED, panned, type Zoom, zoomed } from "./zoom";

export interface Zooming {
  readonly zoom: Zoom;
  readonly setZoom: (change: (zoom: Zoom) => Zoom) => void;
  readonly stage: RefObject<HTMLDivElement | null>;
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent) => void;
    readonly onPointerMove: (event: PointerEvent) => void;
    readonly onPointerUp: (event: PointerEvent) => void;
    readonly onPointerCancel: (event: PointerEvent) => void;
  };
}

/** Wheel and pinch zoom around the pointer, dragging pans; another picture is shown fitted. */
export function useZoom(picture: string): Zooming {
  const [zoom, setZoom] = useState(FITTED);
  const stage = useRef<HTMLDivElement>(null);
  const pointers = useRef(new Map<number, readonly [number, number]>());
  // biome-ignore lint/correctness/useExhaustiveDependencies: the picture is what makes it start over
  useEffect(() => setZoom(FITTED), [picture]);

  useEffect(() => {
    const element = stage.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002));
      setZoom((now) => zoomed(now, factor, fromMiddle(element, event.clientX, event.clientY)));
    };
    // React's own listener is passive and could not keep the page from scrolling.
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  const move = (event: PointerEvent) => {
    const before = pointers.current.get(event.pointerId);
    const element = stage.current;
    if (before === undefined || element === null) return;
    const now = [event.clientX, event.clientY] as const;
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, now);
    if (other === undefined) {
      setZoom((zoom) => panned(zoom, now[0] - before[0], now[1] - before[1]));
      return;
    }
    const factor = distance(now, other) / Math.max(1, distance(before, other));
    const middle = fromMiddle(element, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    setZoom((zoom) => zoomed(zoom, factor, middle));
  };
  const end = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
  };
  return {
    zoom,
    setZoom,
    stage,
    handlers: {
      onPointerDown: (event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        pointers.current.set(event.pointerId, [event.clientX, event.clientY]);
      },
      onPointerMove: move,
      onPointerUp: end,
      onPointerCancel: end,
    },
  };
}

function fromMiddle(element: HTMLElement, x: number, y: number): [number, number] {
  const box = element.getBoundingClientRect();
  return [x - box.left - box.width / 2, y - box.top - box.height / 2];
}

function distance(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
