/** Formats whose metadata is JSON: SVG, GLB, safetensors. */
import { isObject, type Json } from "../../json";
import { parse } from "../parse";
import { Bytes, decoded, type Texts } from "./bytes";

export function svgTexts(file: Uint8Array): Texts {
  const data = /<metadata[^>]*>\s*<!\[CDATA\[([\s\S]*?)\]\]>\s*<\/metadata>/.exec(decoded(file))?.[1];
  return data === undefined ? new Map() : textsIn(parse(data).value);
}

const GLB_JSON = 0x4e4f534a;

export function glbTexts(file: Uint8Array): Texts {
  const bytes = new Bytes(file, 12, true);
  const length = bytes.u32();
  if (bytes.u32() !== GLB_JSON) return new Map();
  const scene = parse(decoded(bytes.bytes(length))).value;
  const asset = isObject(scene) && isObject(scene["asset"]) ? scene["asset"] : {};
  return textsIn(asset["extras"]);
}

/** The header of safetensors begins with its length; `.latent` files are such files. */
export function safetensorsTexts(file: Uint8Array): Texts {
  const bytes = new Bytes(file, 0, true);
  const header = parse(decoded(bytes.bytes(bytes.u64()))).value;
  return textsIn(isObject(header) ? header["__metadata__"] : undefined);
}

/** The values of an object as texts. */
export function textsIn(value: Json | undefined): Texts {
  const texts: Texts = new Map();
  for (const [key, text] of Object.entries(isObject(value) ? value : {})) {
    texts.set(key, typeof text === "string" ? text : JSON.stringify(text));
  }
  return texts;
}
