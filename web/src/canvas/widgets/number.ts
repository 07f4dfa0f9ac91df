/** Numbers as widgets take them: read from what was typed, kept in range and on the step, moved by dragging. */
import type { InputDef } from "@/graph/defs";

/** Beyond this a double no longer holds every whole number; files and other editors keep seeds below it. */
const MOST = 2 ** 53 - 1;

export interface NumberRange {
  readonly isWhole: boolean;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** Decimals shown; values keep what they have. */
  readonly decimals: number;
}

const KNOWN = new WeakMap<InputDef, NumberRange>();

export function rangeOf(input: InputDef): NumberRange {
  const known = KNOWN.get(input);
  if (known !== undefined) return known;
  const isWhole = input.widget === "INT";
  const number = (name: string, otherwise: number) => {
    const value = input.options[name];
    return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
  };
  const step = Math.abs(number("step", isWhole ? 1 : 0.1)) || (isWhole ? 1 : 0.1);
  const range = {
    isWhole,
    min: Math.max(-MOST, number("min", -MOST)),
    max: Math.min(MOST, number("max", MOST)),
    step: isWhole ? Math.max(1, Math.round(step)) : step,
    decimals: isWhole ? 0 : decimalsOf(number("round", step)),
  };
  KNOWN.set(input, range);
  return range;
}

/** As many as the step has, so that 0.01 shows 7.50. */
function decimalsOf(step: number): number {
  const text = step.toString();
  const [digits = "", exponent] = text.split("e-");
  const after = digits.split(".")[1]?.length ?? 0;
  return Math.min(8, after + Number(exponent ?? 0));
}

/** The nearest value that is allowed. Whole numbers are rounded; the step is only how buttons move. */
export function clamp(value: number, range: NumberRange): number {
  const within = Math.min(range.max, Math.max(range.min, value));
  return range.isWhole ? Math.round(within) : tidy(within);
}

/** Without the dust of binary fractions: 0.1 + 0.2 is 0.3. */
function tidy(value: number): number {
  return Number.parseFloat(value.toPrecision(12));
}

/** So many steps up or down. */
export function stepped(value: number, steps: number, range: NumberRange): number {
  return clamp(value + steps * range.step, range);
}

/**
 * What was typed as a number, or null if it is none: with a point or a comma, and simple sums such as `512*2`.
 */
export function parseNumber(typed: string, range: NumberRange): number | null {
  const text = typed.trim().replace(",", ".").replace(/×/g, "*").replace(/÷/g, "/");
  const value = sum(text);
  return value === null || !Number.isFinite(value) ? null : clamp(value, range);
}

/** Left to right with `*` and `/` before `+` and `-`. */
function sum(text: string): number | null {
  const terms = splitTerms(text);
  if (terms === null) return null;
  let total = 0;
  for (const { sign, factors } of terms) {
    const value = product(factors);
    if (value === null) return null;
    total += sign * value;
  }
  return total;
}

function splitTerms(text: string): { sign: number; factors: string }[] | null {
  // A sign after `e`, `*` or `/` belongs to the number it stands before.
  const parts = text.split(/(?<=[\d.)\s])\s*([+-])/);
  const first = parts[0];
  if (first === undefined || first.trim() === "") return null;
  const terms = [{ sign: 1, factors: first }];
  for (let at = 1; at < parts.length; at += 2) {
    terms.push({ sign: parts[at] === "-" ? -1 : 1, factors: parts[at + 1] ?? "" });
  }
  return terms;
}

function product(text: string): number | null {
  const parts = text.split(/([*/])/);
  let value: number | null = null;
  for (let at = 0; at < parts.length; at += 2) {
    const next = plain(parts[at] ?? "");
    if (next === null) return null;
    value = value === null ? next : parts[at - 1] === "/" ? value / next : value * next;
  }
  return value;
}

function plain(text: string): number | null {
  const trimmed = text.trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : null;
}

/** The value as it is shown. */
export function formatNumber(value: number, range: NumberRange): string {
  if (range.isWhole) return String(value);
  const fixed = value.toFixed(range.decimals);
  // Never shown as something it is not.
  return Number(fixed) === value ? fixed : String(tidy(value));
}

/** From this far on, in pixels, scrubbing gathers speed: ranges of thousands have to be crossed, too. */
const NEAR = 100;

/** The value after the pointer went so many pixels sideways: a step every few pixels, ten with `fast`. */
export function scrubbed(start: number, pixels: number, range: NumberRange, fast: boolean): number {
  const way = Math.abs(pixels);
  const steps = Math.trunc(way / 4 + Math.max(0, way - NEAR) ** 2 / 400);
  return stepped(start, Math.sign(pixels) * steps * (fast ? 10 : 1), range);
}

/** A number drawn anew, on the step's grid. */
export function randomIn(range: NumberRange, random: () => number = Math.random): number {
  const limit = 2 ** 50;
  const [low, high] = [Math.max(range.min, -limit), Math.min(range.max, limit)];
  const steps = Math.floor((high - low) / range.step) + 1;
  return clamp(low + Math.floor(random() * steps) * range.step, range);
}
