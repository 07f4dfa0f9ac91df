/** JSON as it is met in files: with a byte-order mark, with the tokens Python writes for what JSON cannot say. */
import { ROOT } from "../document";
import type { Json } from "../json";
import { type Finding, FormatError } from "./finding";

export interface Parsed {
  readonly value: Json;
  readonly findings: readonly Finding[];
}

export function parse(text: string): Parsed {
  const clean = text.replace(/^\uFEFF/, "").trim();
  const strict = attempt(clean);
  if (strict.value !== undefined) return { value: strict.value, findings: rounded(clean) };
  const [lenient, tokens] = withoutTokens(clean);
  const second = tokens > 0 ? attempt(lenient) : strict;
  if (second.value === undefined) throw new FormatError("not-json", { reason: second.reason });
  const finding: Finding = { code: "not-a-number-token", graph: ROOT, params: { count: tokens } };
  return { value: second.value, findings: [finding, ...rounded(clean)] };
}

function attempt(text: string): { value: Json; reason: "" } | { value: undefined; reason: string } {
  try {
    return { value: JSON.parse(text) as Json, reason: "" };
  } catch (error) {
    return { value: undefined, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A string, or a token outside of strings. Unrolled, so that a long string costs no backtracking. */
const TOKENS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|-?\bInfinity\b|-?\bNaN\b/g;

function withoutTokens(text: string): [string, number] {
  let count = 0;
  const clean = text.replace(TOKENS, (found) => {
    if (found.startsWith('"')) return found;
    count += 1;
    return "null";
  });
  return [clean, count];
}

/** Seeds made by other tools reach 2^64 - 1; a browser's numbers are exact to 2^53 only. */
function rounded(text: string): Finding[] {
  if (!/\d{16}/.test(text)) return [];
  const numbers = text.matchAll(/"[^"\\]*(?:\\[\s\S][^"\\]*)*"|-?\d[\d.eE+-]*/g);
  return [...numbers].flatMap(([found]): Finding[] => {
    if (!/^-?\d{16,}$/.test(found)) return [];
    const to = String(Number(found));
    // What is written the same way again is what the file says.
    if (to === found) return [];
    return [{ code: "number-rounded", graph: ROOT, params: { number: found, to } }];
  });
}
