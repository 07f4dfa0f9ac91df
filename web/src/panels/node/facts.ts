/** What a page says of inputs and outputs, and which other nodes it leads to. */
import { type Defs, defaultOf, type InputDef, type NodeDef, type OutputDef } from "@/graph/defs";
import { everydayPlace } from "@/graph/everyday";
import type { Json } from "@/graph/json";
import { ANY, compatible } from "@/graph/types";

export interface Row {
  readonly label: string;
  readonly input: InputDef;
}

/** Fewer stand in rows of their own. */
const FAMILY = 4;

/** Inputs in their order; neighbours that differ by a number only, such as the blocks of a model, share a row. */
export function rows(inputs: readonly InputDef[]): Row[] {
  const made: Row[] = [];
  for (let at = 0; at < inputs.length; ) {
    const first = inputs[at] as InputDef;
    const kin = familyOf(first);
    let end = at + 1;
    while (end < inputs.length && familyOf(inputs[end] as InputDef) === kin) end++;
    const members = inputs.slice(at, end);
    if (members.length < FAMILY) made.push(...members.map((input) => ({ label: input.name, input })));
    else made.push({ label: `${first.name} … ${members.at(-1)?.name}`, input: first });
    at = end;
  }
  return made;
}

function familyOf({ name, type, options, choices, optional }: InputDef): string {
  return JSON.stringify([name.replace(/\d/g, ""), type, options, choices, optional]);
}

/** The bounds of a number, each null where there is none. */
export function rangeOf({
  widget,
  options,
}: InputDef): { min: string; max: string; step: string | null } | null {
  if (widget !== "INT" && widget !== "FLOAT") return null;
  const { min, max, step } = options;
  if (typeof min !== "number" || typeof max !== "number") return null;
  return {
    min: short(min),
    max: short(max),
    step: typeof step === "number" && step !== 1 ? short(step) : null,
  };
}

/** A number as a person reads it: those beyond what the page can count are rounded. */
function short(value: number): string {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? value.toExponential(1) : String(value);
}

/** What a new node holds, as text; null where that is nothing, or is no matter of one value. */
export function startsAs(input: InputDef): string | null {
  if (input.widget === null) return null;
  const value = defaultOf(input);
  if (value === null || value === "" || (input.options["default"] === undefined && input.widget !== "COMBO"))
    return null;
  return said(value);
}

export function said(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function tooltipOf({ options }: InputDef): string {
  return typeof options["tooltip"] === "string" ? options["tooltip"] : "";
}

/** More would tell less. */
const FITTING = 3;
const SIBLINGS = 12;

/** Nodes that give what an input takes, those of everyday graphs first. */
export function givers(defs: Defs, self: NodeDef, { type, widget }: InputDef): NodeDef[] {
  if (widget !== null || type === ANY) return [];
  return first(defs, self, FITTING, (def) =>
    def.outputs.some((output) => output.type !== ANY && compatible(output.type, type)),
  );
}

/** Nodes that take what an output gives. */
export function takers(defs: Defs, self: NodeDef, { type }: OutputDef): NodeDef[] {
  if (type === ANY) return [];
  return first(defs, self, FITTING, (def) =>
    def.inputs.some((input) => input.widget === null && input.type !== ANY && compatible(type, input.type)),
  );
}

/** The other nodes of a category. */
export function siblings(defs: Defs, self: NodeDef): NodeDef[] {
  return self.category === "" ? [] : first(defs, self, SIBLINGS, (def) => def.category === self.category);
}

function first(defs: Defs, self: NodeDef, most: number, fits: (def: NodeDef) => boolean): NodeDef[] {
  return [...defs.values()]
    .filter((def) => def.name !== self.name && !def.deprecated && fits(def))
    .sort((a, b) => everydayPlace(a.name) - everydayPlace(b.name))
    .slice(0, most);
}
