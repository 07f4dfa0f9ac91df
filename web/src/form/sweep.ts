/** Many runs from one form: which inputs vary, how, and how many runs that makes. */
import { type Json, same } from "@/graph/json";
import type { Field, NumberField } from "./fields";
import { readValue, type Values } from "./values";

/** How one input varies. What is typed stays text until it is read: it may be half written. */
export type Axis =
  | { readonly kind: "fixed" }
  /** A value a line; for short ones commas do as well. */
  | { readonly kind: "list"; readonly text: string }
  | { readonly kind: "range"; readonly from: number; readonly to: number; readonly step: number };
export type Axes = Readonly<Record<string, Axis>>;

export type SeedMode = "fixed" | "increment" | "random";
/** Seeds begin with what stands in the form; `random` there draws the first one. */
export interface SeedPlan {
  readonly mode: SeedMode;
  /** Runs for each combination, each with a seed of its own. */
  readonly count: number;
}

/** The server takes no more in one sweep. */
export const MOST_RUNS = 10_000;

export interface AxisValues {
  readonly values: readonly Json[];
  /** Entries that are no value of the field. */
  readonly wrong: readonly string[];
}

export function axisValues(field: Field, axis: Axis): AxisValues {
  if (axis.kind === "fixed") return { values: [], wrong: [] };
  if (axis.kind === "range") return { values: rangeValues(axis), wrong: [] };
  const [values, wrong]: [Json[], string[]] = [[], []];
  for (const entry of entriesOf(field, axis.text)) {
    const value = readValue(field, entry);
    if (value === undefined) wrong.push(entry);
    else if (!values.some((one) => same(one, value))) values.push(value);
  }
  return { values, wrong };
}

/** Prompts have commas of their own: only lines part them. */
function entriesOf(field: Field, text: string): string[] {
  const separator = field.kind === "text" ? /\r?\n/ : /[\r\n,;]+/;
  return text
    .split(separator)
    .map((entry) => entry.trim())
    .filter(Boolean);
}

/** Both ends are included; without the dust of binary fractions. */
export function rangeValues({ from, to, step }: { from: number; to: number; step: number }): number[] {
  const size = Math.abs(step);
  if (![from, to, size].every(Number.isFinite) || size === 0) return [];
  const count = Math.min(MOST_RUNS, Math.floor(Math.abs(to - from) / size + 1e-9)) + 1;
  const sign = to < from ? -1 : 1;
  return Array.from({ length: count }, (_, index) => Number((from + sign * index * size).toPrecision(12)));
}

/** Where a range begins when somebody asks for one: around the value at hand. */
export function firstRange(field: NumberField, value: Json | undefined): Axis & { kind: "range" } {
  const at = typeof value === "number" ? value : (field.min ?? 0);
  const from = field.min === null ? at : Math.max(field.min, at);
  const end = from + 4 * field.step;
  return { kind: "range", from, to: field.max === null ? end : Math.min(field.max, end), step: field.step };
}

/** As the server takes it: what is the same in all runs, and one of `grid` and `rows`. */
export interface SweepBody {
  readonly inputs: Record<string, Json>;
  readonly grid?: Record<string, Json[]>;
  readonly rows?: Values[];
  readonly seed?: { readonly input: string; readonly mode: SeedMode; readonly count: number };
}

/** Every combination of the axes. `values` is the body of a call, for the inputs that do not vary. */
export function gridBody(
  fields: readonly Field[],
  values: Values,
  axes: Axes,
  seed: SeedPlan | null,
): SweepBody {
  const grid: Record<string, Json[]> = {};
  for (const field of fields) {
    const { values: found } = axisValues(field, axes[field.name] ?? { kind: "fixed" });
    if (found.length > 0) grid[field.name] = [...found];
  }
  return { ...fixedPart(fields, values, Object.keys(grid), seed), grid };
}

export function rowsBody(
  fields: readonly Field[],
  values: Values,
  rows: readonly Values[],
  seed: SeedPlan | null,
): SweepBody {
  const varied = new Set(rows.flatMap((row) => Object.keys(row)));
  return { ...fixedPart(fields, values, [...varied], seed), rows: [...rows] };
}

function fixedPart(
  fields: readonly Field[],
  values: Values,
  varied: readonly string[],
  seed: SeedPlan | null,
): Pick<SweepBody, "inputs" | "seed"> {
  const input = fields.find((field) => field.kind === "number" && field.isSeed)?.name;
  const inputs = Object.fromEntries(Object.entries(values).filter(([name]) => !varied.includes(name)));
  const isPlanned = seed !== null && input !== undefined && !varied.includes(input);
  if (!isPlanned) return { inputs };
  // With one seed for all, a second run of a combination would be the same as the first.
  return { inputs, seed: { input, mode: seed.mode, count: seed.mode === "fixed" ? 1 : seed.count } };
}

/** How many runs a sweep is. */
export function countOf({ grid, rows, seed }: SweepBody): number {
  const combinations =
    rows === undefined
      ? Object.values(grid ?? {}).reduce((product, values) => product * values.length, 1)
      : rows.length;
  return combinations * (seed?.count ?? 1);
}

export interface Csv {
  readonly rows: readonly Values[];
  /** The columns that are inputs. */
  readonly columns: readonly string[];
  readonly unknown: readonly string[];
  /** Values that do not fit: `line 3, steps: many`. */
  readonly wrong: readonly { readonly line: number; readonly column: string; readonly text: string }[];
}

/** A table with the names of inputs in its first line. Empty cells are left to the form. */
export function readCsv(fields: readonly Field[], text: string): Csv {
  const [head = [], ...lines] = cells(text);
  const named = head.map((name) => name.trim());
  const byName = new Map(fields.map((field) => [field.name, field]));
  const wrong: { line: number; column: string; text: string }[] = [];
  const rows = lines.map((line, index) => {
    const row: Record<string, Json> = {};
    named.forEach((column, at) => {
      const [field, written] = [byName.get(column), line[at] ?? ""];
      if (field === undefined || written.trim() === "") return;
      const value = readValue(field, field.kind === "text" ? written : written.trim());
      if (value === undefined) wrong.push({ line: index + 2, column, text: written });
      else row[column] = value;
    });
    return row;
  });
  return {
    rows,
    columns: named.filter((name) => byName.has(name)),
    unknown: named.filter((name) => name !== "" && !byName.has(name)),
    wrong,
  };
}

/** RFC 4180, with semicolons where the first line has them: some spreadsheets write those. */
function cells(text: string): string[][] {
  const source = text.replace(/^\uFEFF/, "");
  const first = source.slice(0, source.search(/[\r\n]|$/));
  const comma =
    !first.includes(",") && first.includes(";")
      ? ";"
      : first.includes("\t") && !first.includes(",")
        ? "\t"
        : ",";
  const rows: string[][] = [];
  let [row, cell, isQuoted]: [string[], string, boolean] = [[], "", false];
  const endRow = () => {
    row.push(cell);
    if (row.some((one) => one.trim() !== "")) rows.push(row);
    [row, cell] = [[], ""];
  };
  for (let at = 0; at < source.length; at += 1) {
    const sign = source[at] ?? "";
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (sign === '"' && cell === "") isQuoted = true;
    else if (sign === comma) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && source[at + 1] === "\n") at += 1;
      endRow();
    } else cell += sign;
  }
  endRow();
  return rows;
}
