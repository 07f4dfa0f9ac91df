/** New ids, that nothing has and nothing had. */
import type { Graph } from "./document";
import { isObject, type Json, type JsonObject } from "./json";

/** Hands out node ids of a graph, one after another. */
export function nodeIds(graph: Graph): () => number {
  let last = lastNodeId(graph);
  for (const key of graph.nodes.ids) last = Math.max(last, wholeNumber(key));
  return () => {
    last += 1;
    return last;
  };
}

/** Hands out link ids of a graph; wires that hang loose have ids from the same row. */
export function linkIds(graph: Graph): () => number {
  let last = Math.max(wholeNumber(graph.info["last_link_id"]), wholeNumber(stateOf(graph)["lastLinkId"]));
  for (const key of graph.links.ids) last = Math.max(last, graph.links.by[key]?.id ?? 0, wholeNumber(key));
  const loose = graph.info["floatingLinks"];
  for (const link of Array.isArray(loose) ? loose : []) {
    if (isObject(link)) last = Math.max(last, wholeNumber(link["id"]));
  }
  return () => {
    last += 1;
    return last;
  };
}

/** A key for the groups table. */
export function groupKey(graph: Graph): string {
  return String(1 + Math.max(0, ...graph.groups.ids.map(wholeNumber)));
}

/** The highest node id the graph remembers. */
export function lastNodeId(graph: Graph): number {
  return Math.max(wholeNumber(graph.info["last_node_id"]), wholeNumber(stateOf(graph)["lastNodeId"]));
}

/** The graph's info remembering an id, so that it is not given to another node once its own is gone. */
export function rememberingNodeId(graph: Graph, id: number): JsonObject {
  if (id <= lastNodeId(graph)) return graph.info;
  // Definitions and files of version 1 keep it in `state`.
  const { info } = graph;
  if (isObject(info["state"]) || info["version"] === 1 || Array.isArray(info["inputs"])) {
    return { ...info, state: { ...stateOf(graph), lastNodeId: id } };
  }
  return { ...info, last_node_id: id };
}

function stateOf(graph: Graph): JsonObject {
  const state = graph.info["state"];
  return isObject(state) ? state : {};
}

/** The value as a whole number that is no negative one, or 0. */
export function wholeNumber(value: Json | undefined): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : 0;
}

/** A random UUID. `crypto.randomUUID` is missing on pages that are not served over HTTPS. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
