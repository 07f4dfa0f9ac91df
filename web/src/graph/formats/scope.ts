/** Where a node of the flattened workflow stands: which graph, inside of which instances, with which values from them. */
import type { Defs, NodeDef } from "../defs";
import {
  BOUNDARY_IN,
  type Document,
  type Graph,
  type GraphId,
  type LinkRecord,
  Mode,
  type NodeKey,
  type NodeRecord,
  ROOT,
} from "../document";
import { defOf, hostDef } from "../hosts";
import { isObject, type Json } from "../json";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { typeText } from "../types";
import { places, readWidgets } from "../widgets";
import { everywhereInto } from "./everywhere";
import type { Finding } from "./finding";
import { list, object } from "./values";

export interface Host {
  readonly scope: Scope;
  readonly key: NodeKey;
  readonly def: NodeDef;
  /** What the instance says of its promoted widgets, by input of the definition. */
  readonly values: ReadonlyMap<string, Json>;
  /** What it says of widgets it shows without an input, by inner node and widget. */
  readonly overrides: ReadonlyMap<NodeKey, ReadonlyMap<string, Json>>;
}

export interface Scope {
  readonly id: GraphId;
  readonly graph: Graph;
  /** The instances it is inside of, the outermost one first. */
  readonly path: readonly NodeKey[];
  /** What stands before a node's id in the prompt, such as `106:`. */
  readonly prefix: string;
  readonly host: Host | null;
  /** An instance around it is muted or bypassed, so nothing in it runs. */
  readonly isOff: boolean;
  readonly inner: ReadonlyMap<NodeKey, Scope>;
}

/** The root graph with every instance opened, as deep as they go. */
export function openScopes(document: Document, defs: Defs, report: (finding: Finding) => void): Scope {
  const open = (id: GraphId, host: Host | null, isOff: boolean, around: readonly GraphId[]): Scope => {
    const graph = document.graphs.by[id];
    if (graph === undefined) throw new Error(`the document has no graph ${id}`);
    const path = host === null ? [] : [...host.scope.path, host.key];
    const prefix = path.map((key) => `${key}:`).join("");
    const inner = new Map<NodeKey, Scope>();
    const scope: Scope = { id, graph, path, prefix, host, isOff, inner };
    for (const key of graph.nodes.ids) {
      const node = graph.nodes.by[key];
      if (node === undefined || !isHost(document, node.type)) continue;
      if (node.type === id || around.includes(node.type)) {
        const name = String(document.graphs.by[node.type]?.info["name"] ?? node.type);
        report({ code: "self-containing", graph: id, node: key, params: { name } });
        continue;
      }
      const off = isOff || node.mode === Mode.MUTE || node.mode === Mode.BYPASS;
      inner.set(key, open(node.type, hostOf(document, defs, scope, key, node), off, [...around, id]));
    }
    return scope;
  };
  return open(ROOT, null, false, []);
}

function hostOf(document: Document, defs: Defs, scope: Scope, key: NodeKey, node: NodeRecord): Host {
  const def = defOf(document, defs, node);
  if (def === undefined) throw new Error(`instance ${key} has no definition`);
  const shown = readWidgets(node, def).values;
  const inputs = hostDef(document, defs, node.type)?.inputs ?? [];
  const given = new Set(isObject(node.values) ? Object.keys(node.values) : listed(node, def));
  const outer = scope.host?.overrides.get(key);
  const values = new Map<string, Json>();
  for (const { name } of inputs) {
    const value = outer?.get(name) ?? (given.has(name) ? shown.get(name) : undefined);
    if (value !== undefined && value !== null) values.set(name, value);
  }
  return { scope, key, def, values, overrides: overridesOf(document, defs, node) };
}

/**
 * What an instance's values say of inner widgets it merely shows: they follow those of the inputs, if there is a
 * value for all of them.
 */
function overridesOf(document: Document, defs: Defs, node: NodeRecord): Map<NodeKey, Map<string, Json>> {
  const found = new Map<NodeKey, Map<string, Json>>();
  const shown = list(node.properties["proxyWidgets"]).flatMap((entry): [string, string][] => {
    const [inner, widget] = list(entry).map(String);
    if (inner === undefined || widget === undefined || inner === "-1" || widget.startsWith("$$")) return [];
    return [[inner, widget]];
  });
  const host = hostDef(document, defs, node.type);
  const count = host === undefined ? 0 : places(host).length;
  const values = list(node.values);
  if (values.length !== count + shown.length) return found;
  shown.forEach(([inner, widget], index) => {
    const value = values[count + index] ?? null;
    if (value !== null) found.set(inner, (found.get(inner) ?? new Map<string, Json>()).set(widget, value));
  });
  return found;
}

/** The widgets the instance's list reaches to. */
function listed(node: NodeRecord, def: NodeDef): string[] {
  return places(def)
    .slice(0, list(node.values).length)
    .map(({ input }) => input.name);
}

/** The link into an input, also one that is stored only as the result of "use everywhere" nodes. */
export function linkInto(scope: Scope, node: NodeKey, input: string): LinkRecord | undefined {
  return linkIndex(scope.graph).into(node).get(input) ?? everywhereInto(scope.graph, node, input);
}

/** The scope and input outside that an input of the definition is, if the link comes from there. */
export function outside(scope: Scope, link: LinkRecord): { host: Host; input: string; type: string } | null {
  if (link.from !== BOUNDARY_IN || scope.host === null) return null;
  const slot = object(list(scope.graph.info["inputs"])[link.fromSlot]);
  const name = slot["name"];
  return typeof name === "string" ? { host: scope.host, input: name, type: typeText(slot["type"]) } : null;
}
