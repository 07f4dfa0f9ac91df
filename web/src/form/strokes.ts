/** A mask as it is painted: strokes in the picture's own pixels, so that undoing is drawing fewer of them. */
export interface Stroke {
  readonly points: readonly (readonly [number, number])[];
  /** Width of the brush. */
  readonly size: number;
  readonly isErasing: boolean;
}

/** Draws what counts in one colour. What is erased is taken out of the strokes before it. */
export function drawStrokes(
  context: CanvasRenderingContext2D,
  strokes: readonly Stroke[],
  colour: string,
): void {
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const { points, size, isErasing } of strokes) {
    const [first, ...others] = points;
    if (first === undefined) continue;
    context.globalCompositeOperation = isErasing ? "destination-out" : "source-over";
    context.strokeStyle = colour;
    context.lineWidth = size;
    context.beginPath();
    context.moveTo(...first);
    // A dot is a line to where it stands.
    for (const point of others.length === 0 ? [first] : others) context.lineTo(...point);
    context.stroke();
  }
  context.globalCompositeOperation = "source-over";
}

/** White where it counts, black elsewhere: as nodes that load masks read it. */
export async function maskFile(strokes: readonly Stroke[], width: number, height: number): Promise<File> {
  const painted = new OffscreenCanvas(width, height);
  const mask = new OffscreenCanvas(width, height);
  const [brush, paper] = [painted.getContext("2d"), mask.getContext("2d")];
  if (brush === null || paper === null) throw new Error("this browser draws nothing");
  drawStrokes(brush as unknown as CanvasRenderingContext2D, strokes, "#fff");
  paper.fillStyle = "#000";
  paper.fillRect(0, 0, width, height);
  paper.drawImage(painted, 0, 0);
  return new File([await mask.convertToBlob({ type: "image/png" })], "mask.png", { type: "image/png" });
}
