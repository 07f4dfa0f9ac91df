/** What a value with a control becomes after a run. */
import type { InputDef } from "../defs";
import type { Json } from "../json";
import type { Control } from "../widgets";

/** Beyond it the canvas of ComfyUI draws no seeds, so that every seed is exact in files. */
const FURTHEST = 2 ** 50;

/** `random` gives numbers from 0 to below 1; `filter` narrows the choices of a combo. */
export function nextValue(
  input: InputDef,
  value: Json,
  control: Control,
  filter: string,
  random: () => number,
): Json {
  if (control === "fixed") return value;
  if (input.widget === "COMBO") return nextChoice(chosen(input.choices, filter), value, control, random);
  if (input.widget !== "INT" && input.widget !== "FLOAT") return value;
  return nextNumber(input, typeof value === "number" ? value : 0, control, random);
}

function nextNumber(input: InputDef, value: number, control: Control, random: () => number): number {
  const step = option(input, "step") || 1;
  const [min, max] = [option(input, "min") ?? 0, option(input, "max") ?? FURTHEST];
  switch (control) {
    case "increment":
      return onGrid(Math.min(Math.max(value + step, min), max), step);
    case "decrement":
      return onGrid(Math.min(Math.max(value - step, min), max), step);
    case "randomize": {
      const [low, high] = [Math.max(min, -FURTHEST), Math.min(max, FURTHEST)];
      const steps = Math.floor((high - low) / step) + 1;
      return onGrid(low + Math.floor(random() * steps) * step, step);
    }
    default:
      return value;
  }
}

/** Adding steps such as 0.1 leaves traces far behind the point. */
function onGrid(value: number, step: number): number {
  return Number.isInteger(step) ? value : Number(value.toFixed(decimals(step) + 2));
}

function decimals(step: number): number {
  return Math.min(12, Math.max(0, Math.ceil(-Math.log10(step))));
}

function option(input: InputDef, name: string): number | undefined {
  const value = input.options[name];
  return typeof value === "number" ? value : undefined;
}

function nextChoice(choices: readonly Json[], value: Json, control: Control, random: () => number): Json {
  if (choices.length === 0) return value;
  const at = choices.indexOf(value);
  const last = choices.length - 1;
  switch (control) {
    case "increment":
      return choices[Math.min(at + 1, last)] ?? value;
    case "increment-wrap":
      return choices[at >= last ? 0 : at + 1] ?? value;
    case "decrement":
      return choices[Math.max(at - 1, 0)] ?? value;
    case "randomize":
      return choices[Math.floor(random() * choices.length)] ?? value;
    default:
      return value;
  }
}

/** The choices a filter leaves: those that contain the text in any case, or match `/expression/`. */
function chosen(choices: readonly Json[], filter: string): readonly Json[] {
  if (filter === "") return choices;
  const expression = /^\/(.*)\/([a-z]*)$/s.exec(filter);
  const matches = expression === null ? null : regularExpression(expression[1] ?? "", expression[2] ?? "");
  const wanted = filter.toLowerCase();
  return choices.filter((choice) =>
    matches === null ? String(choice).toLowerCase().includes(wanted) : matches.test(String(choice)),
  );
}

/** Null for what a person has not finished typing. */
function regularExpression(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags.replace(/[gy]/g, ""));
  } catch {
    return null;
  }
}
