/** Reading plain data that may be anything. */
import { isObject, type Json, type JsonObject } from "../json";

export function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** A number, also one written in digits. */
export function number(value: Json | undefined): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null;
}

/** Numbers in a row; old files write `{"0": x, "1": y}`. */
export function numbers(value: Json | undefined, count: number): number[] | null {
  if (!Array.isArray(value) && !isObject(value)) return null;
  const found = Array.from({ length: count }, (_, index) =>
    number(Array.isArray(value) ? value[index] : value[String(index)]),
  );
  return found.every((item) => item !== null) ? found : null;
}

/** Whether the type is a list of choices, as old files have it, or the name. Both are `COMBO`. */
export function typeName(type: Json | undefined): string {
  if (typeof type === "string") return type;
  return Array.isArray(type) ? "COMBO" : "*";
}
