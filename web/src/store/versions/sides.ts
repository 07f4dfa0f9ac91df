import type { Difference } from "@/graph/diff";
import { isObject, type Json } from "@/graph/json";

const LONGEST = 60;

/** What was before and what is now, in short; null for nothing. */
export function sidesOf(
  difference: Difference,
  longest: number = LONGEST,
): readonly [string | null, string | null] {
  if (!("from" in difference)) return [null, null];
  const { from, to } = difference;
  return [shortened(from, longest), shortened(to, longest)];
}

/** A value, or the output that feeds an input. */
function shortened(side: Json | object | undefined, longest: number): string | null {
  if (side === undefined || side === null) return null;
  if (isObject(side) && typeof side["title"] === "string" && "slot" in side) return side["title"];
  const text = typeof side === "string" ? side : JSON.stringify(side);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
