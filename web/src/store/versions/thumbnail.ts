/** The picture a version is known by: the last one its workflow made, small. */
import { viewUrl } from "@/api/client";
import type { FileRef, NodeRun } from "@/store/runs";

/** Pixels of its longer side. */
const SIDE = 256;
/** What the server takes, as characters of a data URI. */
const LONGEST = 340_000;

/** The newest picture that was saved, or else shown, by the nodes of a run that is over. */
export function pictureOf(nodes: Readonly<Record<string, NodeRun>>): FileRef | null {
  const files = Object.values(nodes)
    .filter(({ state }) => state === "done" || state === "cached")
    .flatMap(({ images }) => images);
  return files.findLast(({ type }) => type === "output") ?? files.at(-1) ?? null;
}

/** As a data URI; null if it is gone, or is no picture. */
export async function thumbnailOf(file: FileRef): Promise<string | null> {
  try {
    const answer = await fetch(viewUrl(file, "webp;75"));
    if (!answer.ok) return null;
    const image = await createImageBitmap(await answer.blob());
    const uri = drawn(image);
    image.close();
    return uri !== null && uri.length <= LONGEST ? uri : null;
  } catch {
    // A version without a picture is better than none.
    return null;
  }
}

function drawn(image: ImageBitmap): string | null {
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const pen = canvas.getContext("2d");
  if (pen === null) return null;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  // A browser that cannot write WebP gives a PNG, which is taken as well.
  return canvas.toDataURL("image/webp", 0.8);
}
