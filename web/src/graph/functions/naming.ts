/** Names for inputs and outputs that say what they are for. */
import { uniqueName } from "../ports";

/** Names of inputs that say nothing about the node they belong to. */
const GENERAL = new Set(["text", "string", "value", "int", "float", "boolean", "number", "image", "a", "b"]);

export interface Naming {
  /** Of the input or output, as its class calls it. */
  readonly name: string;
  /** What a person called the node; null for nodes with the title of their class. */
  readonly title: string | null;
  /** The input that the node feeds, such as `positive`; null if it feeds none. */
  readonly feeds: string | null;
}

/** A name that is not taken: the title of the node where its own name is too general, else its own. */
export function nameFor({ name, title, feeds }: Naming, taken: Iterable<string>): string {
  const own = slug(name);
  const wanted = GENERAL.has(own) ? purpose(own, title, feeds) : own;
  return uniqueName(wanted.slice(0, 60) || "value", taken);
}

function purpose(own: string, title: string | null, feeds: string | null): string {
  const titled = title === null ? "" : slug(title);
  if (titled !== "") return titled;
  if (own === "text" && feeds === "positive") return "prompt";
  if (own === "text" && feeds === "negative") return "negative_prompt";
  return own;
}

/** In small letters, digits and underscores, beginning with a letter; empty if nothing is left. */
export function slug(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replaceAll("ß", "ss")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 64);
}
