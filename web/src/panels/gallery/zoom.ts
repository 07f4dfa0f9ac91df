/** Zooming and panning a picture, as numbers. */
export interface Zoom {
  /** 1 shows the picture as large as it fits. */
  readonly scale: number;
  /** Of the middle of the picture from the middle of the stage, in pixels. */
  readonly x: number;
  readonly y: number;
}

export const FITTED: Zoom = { scale: 1, x: 0, y: 0 };
const SMALLEST = 0.2;
const LARGEST = 40;

/** Scaled by `factor`; what lies `at` from the middle of the stage stays there. */
export function zoomed(zoom: Zoom, factor: number, at: readonly [number, number] = [0, 0]): Zoom {
  const scale = Math.min(LARGEST, Math.max(SMALLEST, zoom.scale * factor));
  const part = scale / zoom.scale;
  return { scale, x: at[0] - (at[0] - zoom.x) * part, y: at[1] - (at[1] - zoom.y) * part };
}

export function panned(zoom: Zoom, dx: number, dy: number): Zoom {
  return { ...zoom, x: zoom.x + dx, y: zoom.y + dy };
}

/** The scale at which a pixel of the picture is one of the screen. */
export function actualScale(picture: readonly [number, number], stage: readonly [number, number]): number {
  const fit = Math.min(stage[0] / picture[0], stage[1] / picture[1]);
  return Number.isFinite(fit) && fit > 0 ? 1 / fit : 1;
}
