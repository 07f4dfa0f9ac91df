/** EXIF, as WebP, JPEG, AVIF and PNG hold it: texts of the form `key:{json}`, and the user's comment. */
import { Bytes, decoded, hasMark, latin1, type Texts } from "./bytes";

/** Types of one byte each. Texts are `ASCII`; the comment may be any of them. */
const [BYTE, ASCII, UNDEFINED] = [1, 2, 7];
const EXIF_IFD = 0x8769;
const USER_COMMENT = 0x9286;

/** `data` begins with the TIFF header, or with the mark JPEG puts before it. */
export function exifTexts(data: Uint8Array): Texts {
  const tiff = hasMark(data, "Exif\0\0") ? data.subarray(6) : data;
  const isLittle = hasMark(tiff, "II");
  const bytes = new Bytes(tiff, 4, isLittle);
  const texts: Texts = new Map();
  readDirectory(tiff, bytes.u32(), isLittle, texts, 0);
  return texts;
}

function readDirectory(
  tiff: Uint8Array,
  start: number,
  isLittle: boolean,
  texts: Texts,
  depth: number,
): void {
  const bytes = new Bytes(tiff, start, isLittle);
  for (let count = bytes.u16(); count > 0; count -= 1) {
    const tag = bytes.u16();
    const type = bytes.u16();
    const length = bytes.u32();
    const place = bytes.at;
    const offset = bytes.u32();
    if (tag === EXIF_IFD && depth === 0) readDirectory(tiff, offset, isLittle, texts, depth + 1);
    if (type !== BYTE && type !== ASCII && type !== UNDEFINED) continue;
    const value = new Bytes(tiff, length <= 4 ? place : offset).bytes(length);
    if (tag === USER_COMMENT) texts.set("parameters", userComment(value, isLittle));
    else if (type === ASCII) addKeyed(texts, decoded(value).replace(/\0+$/, ""));
  }
}

function addKeyed(texts: Texts, text: string): void {
  const colon = text.indexOf(":");
  const key = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (colon > 0 && /^[\w-]+$/.test(key) && /^\s*[[{"]/.test(rest)) texts.set(key, rest);
}

/** Eight bytes name its encoding. */
function userComment(value: Uint8Array, isLittle: boolean): string {
  const encoding = latin1(value.subarray(0, 8));
  const text = value.subarray(8);
  if (!encoding.startsWith("UNICODE"))
    return decoded(encoding.startsWith("ASCII") ? text : value).replace(/\0/g, "");
  // Writers disagree on whether the order of bytes is that of the file: zeros tell where the high bytes are.
  const isBig = text[0] === 0 || (!isLittle && text[1] !== 0);
  return new TextDecoder(isBig ? "utf-16be" : "utf-16le").decode(text).replace(/\0/g, "");
}
