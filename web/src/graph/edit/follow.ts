/**
 * A host keeps the values of its widgets as a list without names. Whatever changes inside its definition which of
 * the inputs are widgets would shift that list; here every host's list follows, by name.
 */
import type { Draft } from "../change";
import type { Defs, NodeDef } from "../defs";
import type { GraphId, NodeKey, NodeRecord } from "../document";
import { definitionsInside, defOf } from "../hosts";
import { isObject, type Json, without } from "../json";
import { isHost } from "../kinds";
import { places, readWidgets } from "../widgets";

interface Host {
  readonly graph: GraphId;
  readonly key: NodeKey;
  readonly def: NodeDef;
  readonly values: ReadonlyMap<string, Json>;
}

/** New names of inputs by old ones, for definitions whose inputs are renamed by the edit going on. */
type Renames = Map<GraphId, Map<string, string>>;
const GOING_ON = new WeakMap<Draft, Renames>();

/** Do an edit that may change what is inside definitions, then let the values of their hosts follow. */
export function following<T>(draft: Draft, defs: Defs, edit: () => T): T {
  // The outermost edit sees to it, for all edits it is made of.
  if (GOING_ON.has(draft) || draft.document.graphs.ids.length < 2) return edit();
  const renames: Renames = new Map();
  GOING_ON.set(draft, renames);
  try {
    const before = hostsOf(draft, defs);
    const made = edit();
    for (const host of before) follow(draft, defs, host, renames);
    return made;
  } finally {
    GOING_ON.delete(draft);
  }
}

export function noteRename(draft: Draft, definition: GraphId, from: string, to: string): void {
  const renames = GOING_ON.get(draft);
  if (renames === undefined) return;
  const names = renames.get(definition) ?? new Map<string, string>();
  renames.set(definition, names.set(from, to));
}

/** All hosts with their values; those deep inside first, as the ones further out start from theirs. */
function hostsOf(draft: Draft, defs: Defs): Host[] {
  const { document } = draft;
  const depth = new Map(document.graphs.ids.map((id) => [id, definitionsInside(document, id).size]));
  const order = document.graphs.ids.toSorted((a, b) => (depth.get(a) ?? 0) - (depth.get(b) ?? 0));
  return order.flatMap((graph) => {
    const { nodes } = draft.graph(graph);
    return nodes.ids.flatMap((key) => {
      const node = nodes.by[key];
      if (node === undefined || !isHost(document, node.type)) return [];
      const def = defOf(document, defs, node);
      return def === undefined ? [] : [{ graph, key, def, values: readWidgets(node, def).values }];
    });
  });
}

function follow(draft: Draft, defs: Defs, host: Host, renames: Renames): void {
  const node: NodeRecord | undefined = draft.document.graphs.by[host.graph]?.nodes.by[host.key];
  if (node === undefined || node.type !== host.def.name) return;
  const def = defOf(draft.document, defs, node);
  if (def === undefined || def === host.def) return;
  const values = Array.isArray(node.values) ? listFor(node, def, host, renames) : node.values;
  draft.put(host.graph, "nodes", host.key, { ...node, ...marked(node, def), values });
}

function listFor(node: NodeRecord, def: NodeDef, host: Host, renames: Renames): Json {
  const renamed = renames.get(host.def.name);
  const was = names(host.def).map((name) => renamed?.get(name) ?? name);
  const now = names(def);
  if (was.length === now.length && now.every((name, index) => name === was[index])) return node.values;
  const kept = new Map(names(host.def).map((name) => [renamed?.get(name) ?? name, host.values.get(name)]));
  const inside = readWidgets({ ...node, values: null }, def).values;
  return now.map((name): Json => kept.get(name) ?? inside.get(name) ?? null);
}

/** The sockets, marked as standing for a widget or not. */
function marked(node: NodeRecord, def: NodeDef): Pick<NodeRecord, "inputs"> {
  const known = new Map(def.inputs.map((input) => [input.name, input]));
  const inputs = node.inputs?.map((slot) => {
    const input = known.get(slot.name);
    if (input === undefined || (input.widget !== null) === isObject(slot.rest["widget"])) return slot;
    const rest = without(slot.rest, "widget");
    return { ...slot, rest: input.widget === null ? rest : { ...rest, widget: { name: slot.name } } };
  });
  return { inputs: inputs ?? null };
}

function names(def: NodeDef): string[] {
  return places(def).map((place) => place.input.name);
}
