/** PNG: text chunks, compressed ones too, and the `comf` chunks of animated files. */
import { Bytes, decoded, latin1, type Texts } from "./bytes";
import { exifTexts } from "./exif";

/** A text of a picture larger than this is no workflow. */
const LARGEST = 64 * 2 ** 20;

export async function pngTexts(file: Uint8Array): Promise<Texts> {
  const texts: Texts = new Map();
  const bytes = new Bytes(file, 8);
  while (bytes.left >= 12) {
    const length = bytes.u32();
    const kind = bytes.ascii(4);
    const chunk = bytes.bytes(length);
    bytes.u32();
    if (kind === "IEND") break;
    if (kind === "eXIf") for (const [key, text] of exifTexts(chunk)) texts.set(key, text);
    const found = await chunkText(kind, chunk);
    if (found !== null && !texts.has(found[0])) texts.set(...found);
  }
  return texts;
}

async function chunkText(kind: string, chunk: Uint8Array): Promise<[string, string] | null> {
  if (!["tEXt", "zTXt", "iTXt", "comf"].includes(kind)) return null;
  const bytes = new Bytes(chunk);
  const key = latin1(bytes.untilZero());
  if (kind === "zTXt") {
    bytes.u8();
    return [key, decoded(await inflated(bytes.bytes(bytes.left)))];
  }
  if (kind !== "iTXt") return [key, decoded(bytes.bytes(bytes.left))];
  const isCompressed = bytes.u8() === 1;
  bytes.u8();
  bytes.untilZero();
  bytes.untilZero();
  const text = bytes.bytes(bytes.left);
  return [key, decoded(isCompressed ? await inflated(text) : text)];
}

async function inflated(data: Uint8Array): Promise<Uint8Array> {
  const source = new Blob([new Uint8Array(data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = source.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    size += part.value.length;
    if (size > LARGEST) throw new RangeError("a compressed text is too large");
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
