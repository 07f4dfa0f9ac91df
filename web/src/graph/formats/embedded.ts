/** The workflow a picture, a sound, a film or a model was made with, out of the file itself. */
import { isObject } from "../json";
import { FormatError } from "./finding";
import { flacTexts, id3Texts, oggTexts } from "./media/audio";
import { avifTexts, movieTexts } from "./media/boxes";
import { hasMark, type Texts } from "./media/bytes";
import { jpegTexts, webpTexts } from "./media/images";
import { pngTexts } from "./media/png";
import { glbTexts, safetensorsTexts, svgTexts, textsIn } from "./media/text";
import { webmTexts } from "./media/webm";
import { parse } from "./parse";

export interface Embedded {
  /** What the file is, such as `png`. */
  readonly format: string;
  /** As JSON text: the canvas's workflow, to edit; the prompt as it ran, to run it again exactly. */
  readonly workflow: string | null;
  readonly prompt: string | null;
  /** The text other web interfaces describe a picture with. */
  readonly parameters: string | null;
}

interface Format {
  readonly name: string;
  readonly is: (file: Uint8Array) => boolean;
  readonly texts: (file: Uint8Array) => Texts | Promise<Texts>;
}

const FORMATS: readonly Format[] = [
  { name: "png", is: (file) => hasMark(file, "\x89PNG\r\n\x1a\n"), texts: pngTexts },
  { name: "webp", is: (file) => hasMark(file, "RIFF") && hasMark(file, "WEBP", 8), texts: webpTexts },
  { name: "jpeg", is: (file) => hasMark(file, "\xff\xd8\xff"), texts: jpegTexts },
  {
    name: "avif",
    is: (file) => isBoxed(file) && /^(avi[fs]|mif1|msf1|hei[cx])/.test(brand(file)),
    texts: avifTexts,
  },
  { name: "mp4", is: isBoxed, texts: movieTexts },
  { name: "webm", is: (file) => hasMark(file, "\x1a\x45\xdf\xa3"), texts: webmTexts },
  { name: "flac", is: (file) => hasMark(file, "fLaC"), texts: flacTexts },
  { name: "ogg", is: (file) => hasMark(file, "OggS"), texts: oggTexts },
  { name: "mp3", is: (file) => hasMark(file, "ID3"), texts: id3Texts },
  { name: "glb", is: (file) => hasMark(file, "glTF"), texts: glbTexts },
  { name: "svg", is: isSvg, texts: svgTexts },
  {
    name: "safetensors",
    is: (file) => hasMark(file, "{", 8) && !hasMark(file, "{"),
    texts: safetensorsTexts,
  },
];

/** Null if the file is of none of the formats: then it is text, or nothing we know. */
export async function embedded(file: Uint8Array): Promise<Embedded | null> {
  const format = FORMATS.find(({ is }) => is(file));
  if (format === undefined) return null;
  try {
    return choose(format.name, await format.texts(file));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new FormatError("damaged", { format: format.name, reason: error.message });
    }
    throw error;
  }
}

function choose(format: string, texts: Texts): Embedded {
  const known = new Map([...commented(texts), ...texts].map(([key, text]) => [key.toLowerCase(), text]));
  return {
    format,
    workflow: known.get("workflow") ?? null,
    prompt: known.get("prompt") ?? null,
    parameters: known.get("parameters") ?? null,
  };
}

/** Some packs for films put everything into the comment, as one object. */
function commented(texts: Texts): Texts {
  const comment = texts.get("comment") ?? texts.get("COMMENT");
  if (comment === undefined || !/^\s*\{/.test(comment)) return new Map();
  try {
    const { value } = parse(comment);
    return isObject(value) ? textsIn(value) : new Map();
  } catch {
    return new Map();
  }
}

function isBoxed(file: Uint8Array): boolean {
  return hasMark(file, "ftyp", 4);
}

function brand(file: Uint8Array): string {
  return new TextDecoder("latin1").decode(file.subarray(8, 12));
}

function isSvg(file: Uint8Array): boolean {
  const start = new TextDecoder().decode(file.subarray(0, 4096));
  return /^\s*</.test(start) && /<svg[\s>]/.test(start);
}
