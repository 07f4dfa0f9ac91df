/** A file's bytes with a place to read from. Reading beyond the end throws `RangeError`: the file is cut off. */
export class Bytes {
  private readonly view: DataView;

  constructor(
    readonly all: Uint8Array,
    public at = 0,
    readonly littleEndian = false,
  ) {
    this.view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  }

  get left(): number {
    return this.all.length - this.at;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), this.littleEndian);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), this.littleEndian);
  }

  u64(): number {
    return Number(this.view.getBigUint64(this.take(8), this.littleEndian));
  }

  bytes(length: number): Uint8Array {
    const start = this.take(length);
    return this.all.subarray(start, start + length);
  }

  /** Names of chunks and marks of formats. */
  ascii(length: number): string {
    return latin1(this.bytes(length));
  }

  /** Up to the next zero, which is passed. */
  untilZero(): Uint8Array {
    const end = this.all.indexOf(0, this.at);
    if (end < 0) throw new RangeError("no end of a text");
    const found = this.all.subarray(this.at, end);
    this.at = end + 1;
    return found;
  }

  private take(length: number): number {
    if (length < 0 || length > this.left) throw new RangeError(`${length} bytes wanted, ${this.left} left`);
    const start = this.at;
    this.at += length;
    return start;
  }
}

/** As many arguments as every engine takes. */
const CHUNK = 8_192;

/** Every byte as the sign of its number. What browsers decode as "latin1" is Windows-1252: 0x89 becomes ‰. */
export function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }
  return parts.join("");
}

/** Texts are UTF-8 nowadays; the formats of old said Latin-1. */
export function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return latin1(bytes);
  }
}

/** Whether the file has a mark at a place. */
export function hasMark(bytes: Uint8Array, mark: string, at = 0): boolean {
  return bytes.length >= at + mark.length && latin1(bytes.subarray(at, at + mark.length)) === mark;
}

/** Texts of a file by the key they are kept under. */
export type Texts = Map<string, string>;
