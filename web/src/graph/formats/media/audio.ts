/** FLAC and Ogg by their Vorbis comments, MP3 by its ID3 frames. */
import { Bytes, decoded, hasMark, latin1, type Texts } from "./bytes";

const VORBIS_COMMENT = 4;

export function flacTexts(file: Uint8Array): Texts {
  const bytes = new Bytes(file, 4);
  for (let isLast = false; !isLast; ) {
    const header = bytes.u32();
    isLast = header >>> 31 === 1;
    const block = bytes.bytes(header & 0xffffff);
    if (((header >>> 24) & 0x7f) === VORBIS_COMMENT) return vorbisComments(block);
  }
  return new Map();
}

function vorbisComments(block: Uint8Array): Texts {
  const bytes = new Bytes(block, 0, true);
  const texts: Texts = new Map();
  bytes.bytes(bytes.u32());
  for (let count = bytes.u32(); count > 0; count -= 1) {
    const comment = decoded(bytes.bytes(bytes.u32()));
    const equals = comment.indexOf("=");
    if (equals > 0) texts.set(comment.slice(0, equals).toLowerCase(), comment.slice(equals + 1));
  }
  return texts;
}

/** The second packet of the stream holds the comments, over as many pages as it takes. */
export function oggTexts(file: Uint8Array): Texts {
  const [, packet] = packets(file, 2);
  if (packet === undefined) return new Map();
  if (hasMark(packet, "OpusTags")) return vorbisComments(packet.subarray(8));
  return hasMark(packet, "\x03vorbis") ? vorbisComments(packet.subarray(7)) : new Map();
}

function packets(file: Uint8Array, wanted: number): Uint8Array[] {
  const bytes = new Bytes(file);
  const found: Uint8Array[] = [];
  let open: number[] = [];
  while (found.length < wanted && bytes.left >= 27 && bytes.ascii(4) === "OggS") {
    bytes.at += 22;
    const lengths = bytes.bytes(bytes.u8());
    for (const length of lengths) {
      for (const byte of bytes.bytes(length)) open.push(byte);
      // A segment of full length goes on in the next one.
      if (length === 255) continue;
      found.push(Uint8Array.from(open));
      open = [];
    }
  }
  return found;
}

/** ID3, version 2.3 and 2.4: `TXXX` frames are texts under a name. */
export function id3Texts(file: Uint8Array): Texts {
  const version = file[3] ?? 0;
  const header = new Bytes(file, 6);
  const tag = header.bytes(Math.min(sevenBits(header.u32()), header.left));
  const texts: Texts = new Map();
  const bytes = new Bytes(tag);
  while (bytes.left >= 10) {
    const kind = bytes.ascii(4);
    const size = bytes.u32();
    bytes.u16();
    if (!/^[A-Z0-9]{4}$/.test(kind)) break;
    const frame = bytes.bytes(version >= 4 ? sevenBits(size) : size);
    if (kind !== "TXXX") continue;
    const [name = "", text = ""] = frameText(frame).split("\0");
    texts.set(name, text);
  }
  return texts;
}

const ENCODINGS = ["latin1", "utf-16", "utf-16be", "utf-8"];

function frameText(frame: Uint8Array): string {
  const encoding = ENCODINGS[frame[0] ?? 0] ?? "latin1";
  const body = frame.subarray(1);
  if (encoding !== "utf-16")
    return encoding === "latin1" ? latin1(body) : new TextDecoder(encoding).decode(body);
  // Each of the two texts begins with the mark that tells the order of its bytes.
  const isBig = body[0] === 0xfe;
  const text = new TextDecoder(isBig ? "utf-16be" : "utf-16le", { ignoreBOM: true }).decode(body);
  return text.replaceAll("\ufeff", "");
}

/** Numbers of ID3 leave the highest bit of each byte free. */
function sevenBits(value: number): number {
  return ((value >>> 3) & 0xfe00000) | ((value >>> 2) & 0x1fc000) | ((value >>> 1) & 0x3f80) | (value & 0x7f);
}
