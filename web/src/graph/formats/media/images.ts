/** Where WebP and JPEG keep their EXIF. */
import { Bytes, hasMark, type Texts } from "./bytes";
import { exifTexts } from "./exif";

export function webpTexts(file: Uint8Array): Texts {
  const bytes = new Bytes(file, 12, true);
  while (bytes.left >= 8) {
    const kind = bytes.ascii(4);
    const length = bytes.u32();
    const chunk = bytes.bytes(length);
    if (kind === "EXIF") return exifTexts(chunk);
    // Chunks are padded to an even length.
    if (length % 2 === 1 && bytes.left > 0) bytes.u8();
  }
  return new Map();
}

const START_OF_SCAN = 0xda;
const APP1 = 0xe1;

export function jpegTexts(file: Uint8Array): Texts {
  const bytes = new Bytes(file, 2);
  while (bytes.left >= 4) {
    if (bytes.u8() !== 0xff) break;
    const marker = bytes.u8();
    if (marker === 0xff) {
      // A byte to fill up; the marker may follow.
      bytes.at -= 1;
      continue;
    }
    if (marker === START_OF_SCAN) break;
    const segment = bytes.bytes(bytes.u16() - 2);
    if (marker === APP1 && hasMark(segment, "Exif\0\0")) return exifTexts(segment);
  }
  return new Map();
}
