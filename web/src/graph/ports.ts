/** The inputs and outputs of a subgraph definition, as its `inputs` and `outputs` lists have them. */
import { BOUNDARY_IN, BOUNDARY_OUT, type Graph, type LinkRecord } from "./document";
import { isObject, type JsonObject } from "./json";
import { linkIndex } from "./links";
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

/** The links inside that end or begin at a port, those first that its entry names; what it passes through is none. */
export function portLinks(graph: Graph, side: Side, index: number): readonly LinkRecord[] {
  const port = ports(graph, side)[index];
  if (port === undefined) return [];
  const { allInto, outOf } = linkIndex(graph);
  const found =
    side === "outputs"
      ? allInto(BOUNDARY_OUT).filter((link) => link.toInput === port.name)
      : outOf(BOUNDARY_IN).filter((link) => link.fromSlot === index && link.to !== BOUNDARY_OUT);
  const listed = port.entry["linkIds"];
  if (found.length < 2 || !Array.isArray(listed)) return found;
  const ids = listed.map(String);
  const rank = ({ id }: LinkRecord) => (ids.includes(String(id)) ? ids.indexOf(String(id)) : ids.length);
  return found.toSorted((one, other) => rank(one) - rank(other));
}

/** A name like `wanted` that is not taken. */
export function uniqueName(wanted: string, taken: Iterable<string>): string {
  const used = new Set(taken);
  const base = wanted === "" ? "value" : wanted;
  let name = base;
  for (let n = 1; used.has(name); n += 1) name = `${base}_${n}`;
  return name;
}
