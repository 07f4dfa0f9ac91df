import type { Difference } from "@/graph/diff";
import { isObject, type Json } from "@/graph/json";

const LONGEST = 60;
/** Signs that are kept of what is the same before and after a change in a long text. */
const AROUND = 12;

/** What was before and what is now, in short; null for nothing. */
export function sidesOf(
  difference: Difference,
  longest: number = LONGEST,
): readonly [string | null, string | null] {
  if (!("from" in difference)) return [null, null];
  const [from, to] = [textOf(difference.from), textOf(difference.to)];
  if (from === null || to === null || Math.max(from.length, to.length) <= longest) {
    return [from && cut(from, longest), to && cut(to, longest)];
  }
  const [start, end] = alike(from, to);
  const first = start <= AROUND ? 0 : wordAfter(from, start - AROUND, start);
  const last = end <= AROUND ? 0 : from.length - wordBefore(from, from.length - end + AROUND, end);
  return [part(from, first, last, longest), part(to, first, last, longest)];
}

/** A value, or the output that feeds an input. */
function textOf(side: Json | object | undefined): string | null {
  if (side === undefined || side === null) return null;
  if (isObject(side) && typeof side["title"] === "string" && "slot" in side) return side["title"];
  return typeof side === "string" ? side : JSON.stringify(side);
}

/** How many signs both begin with, and how many they end with. */
function alike(a: string, b: string): readonly [number, number] {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < most - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return [start, end];
}

/** Where the first word begins at or after a place, if before `limit`. */
function wordAfter(text: string, at: number, limit: number): number {
  const space = text.indexOf(" ", at);
  return space >= 0 && space < limit ? space + 1 : at;
}

/** Where the last word ends at or before a place, if within the `alike` signs that end the text. */
function wordBefore(text: string, at: number, alike: number): number {
  const space = text.lastIndexOf(" ", at);
  return space > text.length - alike ? space : at;
}

/** The text without its first and last signs. */
function part(text: string, first: number, last: number, longest: number): string {
  const inner = cut(text.slice(first, text.length - last), longest);
  const hasEnd = last > 0 && !inner.endsWith("…");
  return `${first > 0 ? "…" : ""}${inner}${hasEnd ? "…" : ""}`;
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
