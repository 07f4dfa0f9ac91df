/** WebM and Matroska: names and texts of the `SimpleTag` elements. */
import { Bytes, decoded, type Texts } from "./bytes";

const SEGMENT = 0x18538067;
const TAGS = 0x1254c367;
const TAG = 0x7373;
const SIMPLE_TAG = 0x67c8;
const NAME = 0x45a3;
const STRING = 0x4487;

interface Element {
  readonly id: number;
  readonly content: Uint8Array;
}

export function webmTexts(file: Uint8Array): Texts {
  const texts: Texts = new Map();
  for (const tags of children(file, SEGMENT).flatMap((one) => children(one, TAGS))) {
    for (const tag of children(tags, TAG).flatMap((one) => children(one, SIMPLE_TAG))) {
      const parts = elements(tag);
      const name = parts.find(({ id }) => id === NAME);
      const text = parts.find(({ id }) => id === STRING);
      if (name !== undefined && text !== undefined) texts.set(decoded(name.content), decoded(text.content));
    }
  }
  return texts;
}

function children(data: Uint8Array, wanted: number): Uint8Array[] {
  return elements(data).flatMap(({ id, content }) => (id === wanted ? [content] : []));
}

function elements(data: Uint8Array): Element[] {
  const bytes = new Bytes(data);
  const found: Element[] = [];
  while (bytes.left >= 2) {
    const id = variable(bytes, true);
    const size = variable(bytes, false);
    // A stream that was written live does not know its size: it goes on to the end.
    const length = size === null ? bytes.left : Math.min(size, bytes.left);
    if (id === null) break;
    found.push({ id, content: bytes.bytes(length) });
  }
  return found;
}

/** A number whose first byte tells its length; null for the size that means "unknown". */
function variable(bytes: Bytes, keepsMark: boolean): number | null {
  const first = bytes.u8();
  const length = Math.clz32(first) - 23;
  if (length > 8) return null;
  let value = keepsMark ? first : first & (0xff >> length);
  let isUnknown = !keepsMark && value === 0xff >> length;
  for (let index = 1; index < length; index += 1) {
    const byte = bytes.u8();
    value = value * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  return isUnknown ? null : value;
}
