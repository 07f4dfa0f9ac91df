/** Links that "use everywhere" nodes made. Files store only what came of them, apart from the links: `extra.ue_links`. */
import type { Graph, LinkRecord, NodeKey } from "../document";
import type { Json, JsonObject } from "../json";
import { linkIndex } from "../links";
import { typeText } from "../types";
import { list, number, object } from "./values";

/** The stored links of a graph, into inputs that have no link of their own. None has an id. */
export function everywhere(graph: Graph): readonly LinkRecord[] {
  return [...table(graph).values()];
}

export function everywhereInto(graph: Graph, node: NodeKey, input: string): LinkRecord | undefined {
  return table(graph).get(`${node}\n${input}`);
}

function table(graph: Graph): ReadonlyMap<string, LinkRecord> {
  const known = KNOWN.get(graph);
  if (known !== undefined) return known;
  const found = new Map<string, LinkRecord>();
  for (const entry of storedLinks(graph)) {
    const { from, to } = endsIn(entry);
    const slot = graph.nodes.by[to]?.inputs?.[number(object(entry)["downstream_slot"]) ?? -1];
    // Places shift when sockets of widgets come and go: a link to a socket of another type is not this one.
    if (slot === undefined || typeText(slot.type) !== typeText(object(entry)["type"])) continue;
    const key = `${to}\n${slot.name}`;
    if (found.has(key) || linkIndex(graph).into(to).has(slot.name)) continue;
    const fromSlot = number(object(entry)["upstream_slot"]) ?? 0;
    found.set(key, { id: -1, from, fromSlot, to, toInput: slot.name, type: slot.type, rest: {} });
  }
  KNOWN.set(graph, found);
  return found;
}
const KNOWN = new WeakMap<Graph, ReadonlyMap<string, LinkRecord>>();

/** As the file has them. */
export function storedLinks(graph: Graph): readonly Json[] {
  return list(object(graph.info["extra"])["ue_links"]);
}

/** The graph's info with other stored links. */
export function withStored(info: JsonObject, links: readonly Json[]): JsonObject {
  return { ...info, extra: { ...object(info["extra"]), ue_links: [...links] } };
}

export function endsIn(entry: Json): { from: NodeKey; to: NodeKey } {
  const { upstream, downstream } = object(entry);
  return { from: String(upstream), to: String(downstream) };
}
