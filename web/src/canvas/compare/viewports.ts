/** Moving and zooming what is looked at. */
import type { Point } from "@/graph/document";
import { fit as fitFrame, type Rect, type Viewport } from "@/graph/geometry";

const MIN = 0.05;
const MAX = 2;

export function panned({ x, y, zoom }: Viewport, dx: number, dy: number): Viewport {
  return { x: x + dx, y: y + dy, zoom };
}

/** What lies at `at`, in pixels of the screen, stays there. */
export function zoomed({ x, y, zoom }: Viewport, factor: number, [atX, atY]: Point): Viewport {
  const to = Math.min(MAX, Math.max(MIN, zoom * factor));
  return { x: atX - ((atX - x) * to) / zoom, y: atY - ((atY - y) * to) / zoom, zoom: to };
}

/** Brings a frame to the middle, large enough to be read. */
export function centred(frame: Rect, size: Point, zoom: number): Viewport {
  const to = Math.max(0.6, Math.min(1, zoom));
  return {
    x: size[0] / 2 - (frame.x + frame.width / 2) * to,
    y: size[1] / 2 - (frame.y + frame.height / 2) * to,
    zoom: to,
  };
}

export function whole(frame: Rect | null, size: Point): Viewport {
  return frame === null ? { x: 0, y: 0, zoom: 1 } : fitFrame(frame, size, 48, MIN, 1);
}
