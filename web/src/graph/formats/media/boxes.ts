/** Files made of boxes (ISO base media): MP4, MOV and M4V by their tags, AVIF by its EXIF. */
import { Bytes, decoded, latin1, type Texts } from "./bytes";
import { exifTexts } from "./exif";

interface Box {
  readonly kind: string;
  readonly content: Uint8Array;
}

export function boxes(data: Uint8Array): Box[] {
  const bytes = new Bytes(data);
  const found: Box[] = [];
  while (bytes.left >= 8) {
    const start = bytes.at;
    const size = bytes.u32();
    const kind = bytes.ascii(4);
    const long = size === 1 ? bytes.u64() : size;
    // Zero: up to the end of the file. A box that claims more than there is was cut off.
    const end = long === 0 ? data.length : Math.min(start + long, data.length);
    if (end < bytes.at) break;
    found.push({ kind, content: data.subarray(bytes.at, end) });
    bytes.at = end;
  }
  return found;
}

function inside(data: Uint8Array, kind: string): Uint8Array | null {
  return boxes(data).find((box) => box.kind === kind)?.content ?? null;
}

/** Four bytes of version and flags come first, except in QuickTime's `meta`. */
function metaBoxes(meta: Uint8Array): Box[] {
  const plain = boxes(meta);
  return plain.some(({ kind }) => kind === "hdlr") ? plain : boxes(meta.subarray(4));
}

export function movieTexts(file: Uint8Array): Texts {
  const texts: Texts = new Map();
  const movie = inside(file, "moov");
  if (movie === null) return texts;
  const holders = [movie, inside(movie, "udta")].filter((one) => one !== null);
  for (const holder of holders) {
    const meta = inside(holder, "meta");
    if (meta !== null) readTags(metaBoxes(meta), texts);
  }
  return texts;
}

/** `keys` lists the names; each entry of `ilst` is called by a number that counts them, or by a name of its own. */
function readTags(meta: readonly Box[], texts: Texts): void {
  const names = keyNames(meta.find(({ kind }) => kind === "keys")?.content);
  const list = meta.find(({ kind }) => kind === "ilst")?.content;
  for (const { kind, content } of list === undefined ? [] : boxes(list)) {
    const data = inside(content, "data");
    if (data === null || data.length < 8) continue;
    const index = new Bytes(Uint8Array.from(kind, (sign) => sign.charCodeAt(0))).u32();
    const name = names[index - 1] ?? (kind === "\u00a9cmt" ? "comment" : kind);
    texts.set(name, decoded(data.subarray(8)));
  }
}

function keyNames(keys: Uint8Array | undefined): string[] {
  if (keys === undefined) return [];
  const bytes = new Bytes(keys, 4);
  const names: string[] = [];
  for (let count = bytes.u32(); count > 0; count -= 1) {
    const size = bytes.u32();
    bytes.ascii(4);
    names.push(decoded(bytes.bytes(size - 8)));
  }
  return names;
}

/** A picture's EXIF is an item of its own: `iinf` says which one, `iloc` where it lies. */
export function avifTexts(file: Uint8Array): Texts {
  const meta = inside(file, "meta");
  if (meta === null) return new Map();
  const parts = metaBoxes(meta);
  const item = exifItem(parts.find(({ kind }) => kind === "iinf")?.content);
  const place = item === null ? null : itemPlace(parts.find(({ kind }) => kind === "iloc")?.content, item);
  if (place === null) return new Map();
  const data = new Bytes(file, place.offset).bytes(place.length);
  const bytes = new Bytes(data);
  const skip = bytes.u32();
  return exifTexts(data.subarray(4 + skip));
}

function exifItem(infos: Uint8Array | undefined): number | null {
  if (infos === undefined) return null;
  const version = infos[0] ?? 0;
  for (const { kind, content } of boxes(infos.subarray(version === 0 ? 6 : 8))) {
    const isLong = content[0] === 3;
    if (kind !== "infe" || latin1(content.subarray(isLong ? 10 : 8, isLong ? 14 : 12)) !== "Exif") continue;
    const bytes = new Bytes(content, 4);
    return isLong ? bytes.u32() : bytes.u16();
  }
  return null;
}

function itemPlace(places: Uint8Array | undefined, item: number): { offset: number; length: number } | null {
  if (places === undefined) return null;
  const bytes = new Bytes(places);
  const version = bytes.u8();
  bytes.at = 4;
  const sizes = bytes.u16();
  const number = (size: number) => (size === 0 ? 0 : size === 4 ? bytes.u32() : bytes.u64());
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = version === 0 ? 0 : sizes & 15;
  for (let count = version < 2 ? bytes.u16() : bytes.u32(); count > 0; count -= 1) {
    const id = version < 2 ? bytes.u16() : bytes.u32();
    if (version > 0) bytes.u16();
    bytes.u16();
    const base = number(baseSize);
    let place: { offset: number; length: number } | null = null;
    for (let extents = bytes.u16(); extents > 0; extents -= 1) {
      number(indexSize);
      const offset = base + number(offsetSize);
      const length = number(lengthSize);
      place ??= { offset, length };
    }
    if (id === item) return place;
  }
  return null;
}
