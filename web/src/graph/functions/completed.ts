/** An input with what its nodes say of it. */
import { ANY } from "../types";
import type { FunctionInput } from "./declaration";

const FILLED = ["type", "min", "max", "step", "multiline", "required", "seed", "several", "dynamic"] as const;

/**
 * What the nodes say is written down where the declaration says nothing, so that a later release can be compared with
 * this one. Options and defaults stay the node's: model files come and go, and the value in the graph is the default.
 */
export function completed(
  input: FunctionInput,
  known: (FunctionInput & { readonly [key: string]: unknown }) | undefined,
): FunctionInput {
  if (known === undefined) return input;
  const own: Readonly<Record<string, unknown>> = input;
  const news = FILLED.filter((key) => own[key] === undefined && isSayable(known[key]));
  const type = input.type === ANY ? { type: known.type } : {};
  if (news.length === 0 && input.type !== ANY) return input;
  return { ...input, ...Object.fromEntries(news.map((key) => [key, known[key]])), ...type };
}

/** Seeds go up to numbers that would be rounded here: those limits stay the node's. */
function isSayable(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value !== "number" || Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}
