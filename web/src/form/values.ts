/** What stands in a form: where it begins, whether it can run, and how an address carries it. */
import type { Json } from "@/graph/json";
import { same } from "@/graph/json";
import { type Field, type NumberField, RANDOM } from "./fields";

/** By the field's name. What is missing is left to the workflow. */
export type Values = Readonly<Record<string, Json>>;

/** What a fresh form holds: what was given, else the default. Seeds are drawn by the server. */
export function startValues(fields: readonly Field[], given: Values = {}): Values {
  const found: Record<string, Json> = {};
  for (const field of fields) {
    const value = given[field.name] ?? firstOf(field);
    if (value !== undefined) found[field.name] = value;
  }
  return found;
}

function firstOf(field: Field): Json | undefined {
  if (field.kind === "number" && field.isSeed) return RANDOM;
  if (field.kind === "toggle") return field.initial ?? false;
  if (field.kind === "text") return field.initial ?? "";
  return field.initial;
}

/** A code of the catalogue `functions:trouble`, with what it names. */
export interface Trouble {
  readonly code: "required" | "number" | "whole" | "least" | "most" | "choice";
  readonly limit?: number;
}

/** Why a value cannot be sent; null if it can. The server has the last word. */
export function troubleOf(field: Field, value: Json | undefined): Trouble | null {
  if (value === undefined || value === null || value === "") {
    return field.isRequired ? { code: "required" } : null;
  }
  if (field.kind === "number") return numberTrouble(field, value);
  if (field.kind === "choice") {
    const chosen = Array.isArray(value) ? value : [value];
    const isKnown = chosen.every((one) => field.options.some((option) => same(option, one)));
    return isKnown ? null : { code: "choice" };
  }
  return null;
}

function numberTrouble(field: NumberField, value: Json): Trouble | null {
  if (field.isSeed && value === RANDOM) return null;
  if (typeof value !== "number" || !Number.isFinite(value)) return { code: "number" };
  if (field.isWhole && !Number.isInteger(value)) return { code: "whole" };
  if (field.min !== null && value < field.min) return { code: "least", limit: field.min };
  if (field.max !== null && value > field.max) return { code: "most", limit: field.max };
  return null;
}

/** The body of a call. What is empty and not required is left to the workflow; an empty text is a text. */
export function bodyOf(fields: readonly Field[], values: Values): Record<string, Json> {
  const body: Record<string, Json> = {};
  for (const field of fields) {
    const value = values[field.name];
    const isEmpty = value === undefined || value === null || (value === "" && field.kind !== "text");
    if (!isEmpty) body[field.name] = value;
  }
  return body;
}

/** The values that are not those of a fresh form, for an address: `prompt=a%20fox&steps=12`. */
export function queryOf(fields: readonly Field[], values: Values): string {
  const query = new URLSearchParams();
  const fresh = startValues(fields);
  for (const { name } of fields) {
    const value = values[name];
    if (value !== undefined && !same(value, fresh[name])) query.set(name, written(value));
  }
  return query.toString().replaceAll("+", "%20");
}

/** The values an address carries; those that fit no field are left out. */
export function valuesIn(fields: readonly Field[], query: string): Values {
  const found: Record<string, Json> = {};
  const given = new URLSearchParams(query);
  for (const field of fields) {
    const text = given.get(field.name);
    const value = text === null ? undefined : readValue(field, text);
    if (value !== undefined) found[field.name] = value;
  }
  return found;
}

function written(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A written value as the field holds it; undefined if it is none. */
export function readValue(field: Field, text: string): Json | undefined {
  switch (field.kind) {
    case "number": {
      if (field.isSeed && text.trim() === RANDOM) return RANDOM;
      const number = text.trim() === "" ? Number.NaN : Number(text);
      return Number.isFinite(number) ? number : undefined;
    }
    case "toggle": {
      const word = text.trim().toLowerCase();
      return word === "true" ? true : word === "false" ? false : undefined;
    }
    case "choice": {
      if (!field.isMany) return field.options.find((option) => written(option) === text.trim());
      const parts = parsedList(text);
      return parts?.every((part) => field.options.some((option) => same(option, part))) ? parts : undefined;
    }
    default:
      return text;
  }
}

function parsedList(text: string): Json[] | null {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? (read as Json[]) : null;
  } catch {
    return null;
  }
}
