/** The inputs of a function as fields of a form: what each holds, where it ends, what it is called. */
import type { FunctionInput } from "@/graph/functions/declaration";
import { isObject, type Json, type JsonObject } from "@/graph/json";

interface Common {
  readonly name: string;
  /** The name in words. */
  readonly label: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** Undefined: what the graph itself has. */
  readonly initial: Json | undefined;
}
export interface TextField extends Common {
  readonly kind: "text";
  readonly isLong: boolean;
}
export interface NumberField extends Common {
  readonly kind: "number";
  readonly isWhole: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number;
  /** Whether `random` is a value. */
  readonly isSeed: boolean;
}
export interface ToggleField extends Common {
  readonly kind: "toggle";
}
export interface ChoiceField extends Common {
  readonly kind: "choice";
  readonly options: readonly Json[];
  readonly isMany: boolean;
}
/** A picture, or a mask. Its value is the name of a file that was uploaded. */
export interface FileField extends Common {
  readonly kind: "file";
  readonly isMask: boolean;
}
export type Field = TextField | NumberField | ToggleField | ChoiceField | FileField;

export const RANDOM = "random";

/** Inputs that only a link can feed, such as a model, have no field. `schema` is that of a call's body. */
export function fieldsOf(inputs: readonly FunctionInput[], schema: JsonObject): Field[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  return inputs.flatMap((input) => {
    const told = properties[input.name];
    return isObject(told) ? (fieldOf(input, told) ?? []) : [];
  });
}

function fieldOf(input: FunctionInput, told: JsonObject): Field | null {
  const common: Common = {
    name: input.name,
    label: wordsOf(input.name),
    description: input.description ?? "",
    isRequired: input.required === true,
    initial: input.default ?? told["default"],
  };
  switch (input.type) {
    case "INT":
    case "FLOAT":
      return numberField(common, input, told["x-seed"] === true);
    case "BOOLEAN":
      return { ...common, kind: "toggle" };
    case "COMBO": {
      const isMany = told["type"] === "array";
      return input.options === undefined
        ? { ...common, kind: "text", isLong: false }
        : { ...common, kind: "choice", options: input.options, isMany };
    }
    case "IMAGE":
    case "MASK":
      return { ...common, kind: "file", isMask: input.type === "MASK" };
    case "STRING":
      return { ...common, kind: "text", isLong: input.multiline === true };
    default:
      return null;
  }
}

function numberField(common: Common, input: FunctionInput, isSeed: boolean): NumberField {
  const isWhole = input.type === "INT";
  const step = input.step !== undefined && input.step > 0 ? input.step : isWhole ? 1 : 0.1;
  const [min, max] = [input.min ?? null, input.max ?? null];
  return { ...common, kind: "number", isWhole, min, max, step, isSeed };
}

/** What is written in capitals wherever it stands. */
const CAPITALS = new Set(["cfg", "clip", "id", "url", "vae"]);

/** `negative_prompt` is "Negative prompt". */
export function wordsOf(name: string): string {
  const parts = name.split("_").filter(Boolean);
  const words = parts.map((part) => (CAPITALS.has(part) ? part.toUpperCase() : part)).join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A range small enough to be dragged through. */
export function hasSlider(field: NumberField): boolean {
  if (field.isSeed || field.min === null || field.max === null) return false;
  return (field.max - field.min) / field.step <= 1000;
}
