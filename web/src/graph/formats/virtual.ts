/** Nodes that exist on the canvas only, those of well-known packs too: what becomes of a link that starts at one. */
import type { Defs } from "../defs";
import type { Graph, NodeKey, NodeRecord } from "../document";
import { isVirtual, PRIMITIVE, REROUTE } from "../kinds";
import { list } from "./values";

const REROUTES = new Set([REROUTE, "Reroute (rgthree)"]);
/** They draw, or change modes of other nodes; nothing of them runs. */
const SILENT = new Set([
  ...["Anything Everywhere", "Anything Everywhere?", "Anything Everywhere3", "Prompts Everywhere"],
  ...["Seed Everywhere", "Simple String"],
  ...["Fast Groups Bypasser (rgthree)", "Fast Groups Muter (rgthree)", "Fast Bypasser (rgthree)"],
  ...["Fast Muter (rgthree)", "Fast Actions Button (rgthree)", "Mute / Bypass Repeater (rgthree)"],
  ...["Mute / Bypass Relay (rgthree)", "Node Collector (rgthree)", "Bookmark (rgthree)", "Label (rgthree)"],
]);
const SET = "SetNode";
const GET = "GetNode";

export type Behaviour = "runs" | "reroute" | "primitive" | "set" | "get" | "silent";

/** `reroutes` are types of unknown nodes that a person chose to treat as reroutes. */
export function behaviourOf(type: string, defs: Defs, reroutes: ReadonlySet<string>): Behaviour {
  if (type === PRIMITIVE) return "primitive";
  if (REROUTES.has(type) && !defs.has(type)) return "reroute";
  if (isVirtual(type)) return "silent";
  if (defs.has(type)) return SILENT.has(type) && type.startsWith("Anything") ? "silent" : "runs";
  if (type === SET) return "set";
  if (type === GET) return "get";
  if (SILENT.has(type)) return "silent";
  return reroutes.has(type) ? "reroute" : "runs";
}

/** The value a primitive copies into the widgets it is linked to; undefined if it was saved unconnected. */
export function primitiveValue(node: NodeRecord): { value: NonNullable<NodeRecord["values"]> } | null {
  const value = list(node.values)[0];
  return value === undefined || value === null ? null : { value };
}

/** The node of the graph that sets the variable a `GetNode` reads. */
export function setterFor(graph: Graph, getter: NodeRecord): NodeKey | undefined {
  let setters = SETTERS.get(graph.nodes);
  if (setters === undefined) {
    setters = new Map();
    for (const key of graph.nodes.ids) {
      const node = graph.nodes.by[key];
      if (node?.type === SET && !setters.has(variable(node))) setters.set(variable(node), key);
    }
    SETTERS.set(graph.nodes, setters);
  }
  return setters.get(variable(getter));
}
const SETTERS = new WeakMap<Graph["nodes"], Map<string, NodeKey>>();

function variable(node: NodeRecord): string {
  return String(list(node.values)[0] ?? "");
}
