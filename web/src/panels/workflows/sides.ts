import type { Difference } from "@/graph/diff";
import { isObject, type Json } from "@/graph/json";

const LONGEST = 60;

/** What was before and what is now, in short; null for nothing. */
export function sidesOf(difference: Difference): readonly [string | null, string | null] {
  if (!("from" in difference)) return [null, null];
  const { from, to } = difference;
  return [short(from), short(to)];
}

/** A value, or the output that feeds an input. */
function short(side: Json | object | undefined): string | null {
  if (side === undefined || side === null) return null;
  if (isObject(side) && typeof side["title"] === "string" && "slot" in side) return side["title"];
  const text = typeof side === "string" ? side : JSON.stringify(side);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
