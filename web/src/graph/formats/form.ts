/**
 * How a file wrote a record, where it is not how we would: the order of its keys, keys it leaves out, positions
 * as objects, old names. Kept beside the data, so that saving what was not edited gives the file back; a field
 * is written the file's way only as long as it says what it said when it was read.
 */
import { isObject, type Json, type JsonObject, same, without } from "../json";

/** The key of `rest` and `info` it is kept under. Never written to a file. */
export const FORM = "$file";

/** What is to be remembered of `theirs` beside `ours`, which is how we write the same record; null if nothing. */
export function formOf(theirs: Json, ours: Json, repaired: readonly string[] = []): JsonObject | null {
  if (!isObject(theirs) || !isObject(ours)) return same(theirs, ours) ? null : { whole: { theirs, ours } };
  const differs: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    if (!repaired.includes(key) && !same(theirs[key], ours[key]))
      differs[key] = sides(theirs[key], ours[key]);
  }
  const keys = Object.keys(theirs);
  const usual = Object.keys(ours).filter((key) => key in theirs);
  const reordered = usual.some((key, index) => keys[index] !== key);
  if (!reordered && Object.keys(differs).length === 0) return null;
  return { ...(reordered ? { keys } : {}), ...(Object.keys(differs).length > 0 ? { differs } : {}) };
}

/** `ours` as the file would have written it. */
export function inForm(ours: JsonObject, form: Json | undefined): JsonObject;
export function inForm(ours: Json, form: Json | undefined): Json;
export function inForm(ours: Json, form: Json | undefined): Json {
  if (!isObject(form)) return ours;
  const whole = form["whole"];
  if (isObject(whole)) return same(whole["ours"], ours) ? (whole["theirs"] ?? null) : ours;
  if (!isObject(ours)) return ours;
  const differs = isObject(form["differs"]) ? form["differs"] : {};
  const first = Array.isArray(form["keys"]) ? form["keys"].map(String) : [];
  const written: Record<string, Json> = {};
  for (const key of [...first, ...Object.keys(ours), ...Object.keys(differs)]) {
    const value = side(differs[key], ours[key]);
    if (value !== undefined) written[key] = value;
  }
  return written;
}

function sides(theirs: Json | undefined, ours: Json | undefined): JsonObject {
  return { ...(theirs === undefined ? {} : { theirs }), ...(ours === undefined ? {} : { ours }) };
}

function side(difference: Json | undefined, ours: Json | undefined): Json | undefined {
  return isObject(difference) && same(difference["ours"], ours) ? difference["theirs"] : ours;
}

/** `rest` with the form beside it. */
export function remember(rest: JsonObject, form: JsonObject | null): JsonObject {
  const known = rest[FORM];
  return form === null ? rest : { ...rest, [FORM]: { ...(isObject(known) ? known : {}), ...form } };
}

/** `rest` as it belongs into a file. */
export function plain(rest: JsonObject): JsonObject {
  return FORM in rest ? without(rest, FORM) : rest;
}
