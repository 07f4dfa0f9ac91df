/** Socket types: what fits what. Files and servers write them in several ways; here they are text. */
import { type Json, same } from "./json";

/** What fits everything. */
export const ANY = "*";

/** A type as text. A list of choices is a combo; the numbers and gaps of old files fit anything. */
export function typeText(type: Json | undefined): string {
  if (Array.isArray(type)) return "COMBO";
  return typeof type === "string" && type !== "" ? type : ANY;
}

/** Whether an output of one type may feed an input of the other: in any case, `*` anything, unions by a member. */
export function compatible(output: Json | undefined, input: Json | undefined): boolean {
  if (Array.isArray(output) && Array.isArray(input)) return same(output, input);
  return textsFit(typeText(output), typeText(input));
}

function textsFit(output: string, input: string): boolean {
  if (output === input || output === ANY || input === ANY) return true;
  const key = `${output}\n${input}`;
  let fit = FITS.get(key);
  if (fit === undefined) {
    const accepted = new Set(members(input));
    fit = accepted.has(ANY) || members(output).some((type) => type === ANY || accepted.has(type));
    FITS.set(key, fit);
  }
  return fit;
}
const FITS = new Map<string, boolean>();

function members(type: string): string[] {
  return type.split(",").map((part) => part.trim().toUpperCase());
}
