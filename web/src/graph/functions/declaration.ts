/**
 * What a workflow declares as a function: its inputs, each bound to inputs of nodes, and its outputs. It lies in the
 * file under `extra.darkroom.function`; keys that are not named here are kept.
 */
import type { Draft } from "../change";
import { type Document, ROOT } from "../document";
import { isObject, type Json, type JsonObject, same, without } from "../json";

/** An input of a node, named as in the prompt: `12:7` is node 7 inside of instance 12. */
export type Target = { readonly node: string; readonly input: string };
export type Source = { readonly node: string; readonly slot: number };

/** Types, not interfaces, so that they count as plain data. */
export type FunctionInput = {
  readonly name: string;
  /** `STRING`, `INT`, `FLOAT`, `BOOLEAN`, `COMBO`, or the type of a socket. */
  readonly type: string;
  readonly targets: readonly Target[];
  readonly description?: string;
  /** Without one the value in the graph is the default. */
  readonly default?: Json;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly multiline?: boolean;
  readonly options?: readonly Json[];
  readonly required?: boolean;
};
export type FunctionOutput = {
  readonly name: string;
  readonly type: string;
  readonly source: Source;
  readonly description?: string;
};
export type WorkflowFunction = {
  readonly title?: string;
  readonly description?: string;
  readonly inputs: readonly FunctionInput[];
  readonly outputs: readonly FunctionOutput[];
};

export const NO_FUNCTION: WorkflowFunction = { inputs: [], outputs: [] };

/** What an input may be called; an output, too. */
export const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** The declaration of a document. Entries that make no sense are left out; null if there is none. */
export function functionOf(document: Document): WorkflowFunction | null {
  const declared = darkroomOf(document)["function"];
  if (!isObject(declared)) return null;
  const known = READ.get(declared);
  if (known !== undefined) return known;
  const read = readFunction(declared);
  READ.set(declared, read);
  return read;
}
const READ = new WeakMap<JsonObject, WorkflowFunction>();

/** Read a declaration from wherever it comes. */
export function readFunction(declared: JsonObject): WorkflowFunction {
  return {
    ...declared,
    inputs: list(declared["inputs"]).flatMap(readInput),
    outputs: list(declared["outputs"]).flatMap(readOutput),
  };
}

/** Declare it, or with null no longer. What else lies in `extra` stays. */
export function declare(draft: Draft, declared: WorkflowFunction | null): void {
  const { info } = draft.graph(ROOT);
  const extra = object(info["extra"]);
  const others = without(object(extra["darkroom"]), "function");
  const isEmpty = declared === null || same(plain(declared), plain(NO_FUNCTION));
  const darkroom = isEmpty ? others : { ...others, function: plain(declared) };
  const rest = without(extra, "darkroom");
  draft.info(ROOT, {
    ...info,
    extra: Object.keys(darkroom).length === 0 ? rest : { ...rest, darkroom },
  });
}

/** Typed data is plain data; only the compiler has to be told. */
function plain(declared: WorkflowFunction): JsonObject {
  return declared as unknown as JsonObject;
}

function darkroomOf(document: Document): JsonObject {
  return object(object(document.graphs.by[ROOT]?.info["extra"])["darkroom"]);
}

function readInput(entry: Json): FunctionInput[] {
  if (!isObject(entry) || typeof entry["name"] !== "string") return [];
  const type = typeof entry["type"] === "string" ? entry["type"] : "*";
  return [{ ...entry, name: entry["name"], type, targets: list(entry["targets"]).flatMap(readTarget) }];
}

function readTarget(entry: Json): Target[] {
  if (!isObject(entry) || typeof entry["input"] !== "string") return [];
  return [{ node: String(entry["node"]), input: entry["input"] }];
}

function readOutput(entry: Json): FunctionOutput[] {
  if (!isObject(entry) || typeof entry["name"] !== "string") return [];
  const type = typeof entry["type"] === "string" ? entry["type"] : "*";
  const source = object(entry["source"]);
  const slot = typeof source["slot"] === "number" ? source["slot"] : 0;
  return [{ ...entry, name: entry["name"], type, source: { node: String(source["node"] ?? ""), slot } }];
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
