/** The inputs and outputs of a subgraph definition, as its `inputs` and `outputs` lists have them. */
import type { Graph } from "./document";
import { isObject, type JsonObject } from "./json";
import { typeText } from "./types";

export interface Port {
  readonly name: string;
  readonly type: string;
  /** What is shown for it. */
  readonly label: string;
  /** The entry of the file. */
  readonly entry: JsonObject;
}

export type Side = "inputs" | "outputs";

export function ports(graph: Graph, side: Side): readonly Port[] {
  const list = graph.info[side];
  if (!Array.isArray(list)) return [];
  const known = READ.get(list);
  if (known !== undefined) return known;
  const read = list.filter(isObject).map((entry) => {
    const name = typeof entry["name"] === "string" ? entry["name"] : "";
    const label = typeof entry["label"] === "string" && entry["label"] !== "" ? entry["label"] : name;
    return { name, type: typeText(entry["type"]), label, entry };
  });
  READ.set(list, read);
  return read;
}
const READ = new WeakMap<object, readonly Port[]>();

/** A name like `wanted` that is not taken. */
export function uniqueName(wanted: string, taken: Iterable<string>): string {
  const used = new Set(taken);
  const base = wanted === "" ? "value" : wanted;
  let name = base;
  for (let n = 1; used.has(name); n += 1) name = `${base}_${n}`;
  return name;
}
