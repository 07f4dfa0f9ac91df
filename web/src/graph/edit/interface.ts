/**
 * The inputs and outputs of a subgraph definition. Every instance in every graph follows: its sockets, its links and
 * the values of its widgets.
 */
import type { Draft } from "../change";
import { type InputEnd, type OutputEnd, outputType } from "../connect";
import type { Defs } from "../defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type GraphId,
  type NodeKey,
  type NodeRecord,
  type Slot,
} from "../document";
import { defOf } from "../hosts";
import { uuid } from "../ids";
import { isObject, type Json, type JsonObject, without } from "../json";
import { linkIndex } from "../links";
import { ports, type Side, uniqueName } from "../ports";
import { type InputSocket, socketsOf } from "../sockets";
import { ANY } from "../types";
import { following, noteRename } from "./follow";
import { link, remove, unlinkInput } from "./links";

/** Add an input or output that leads nowhere yet. Returns its name, which is made unique. */
export function addPort(
  draft: Draft,
  defs: Defs,
  definition: GraphId,
  side: Side,
  name: string,
  type: string,
): string {
  const now = ports(draft.graph(definition), side);
  const unique = uniqueName(
    name,
    now.map((port) => port.name),
  );
  const entry = portEntry(unique, type);
  reshape(draft, defs, definition, side, [...now.map(keeping), { entry, was: null }]);
  return unique;
}

/** An entry of a definition's `inputs` or `outputs`. */
export function portEntry(name: string, type: Json): JsonObject {
  return { id: uuid(), name, type, linkIds: [] };
}

/**
 * Make an input of a node inside an input of the definition; of a widget, this promotes it to the instances. Returns
 * the new input's name, or null if there is nothing to expose or it is exposed already.
 */
export function exposeInput(draft: Draft, defs: Defs, definition: GraphId, to: InputEnd): string | null {
  const socket = inputSocket(draft, defs, definition, to);
  const linked = linkIndex(draft.graph(definition)).into(to.node).get(to.input);
  if (socket === undefined || linked?.from === BOUNDARY_IN) return null;
  return following(draft, defs, () => {
    const name = addPort(
      draft,
      defs,
      definition,
      "inputs",
      socket.name || socket.type.toLowerCase(),
      socket.type,
    );
    const slot = ports(draft.graph(definition), "inputs").length - 1;
    link(draft, defs, definition, { node: BOUNDARY_IN, slot }, to);
    return name;
  });
}

/** Take back what `exposeInput` did: the link from the boundary, and the input if nothing else hangs on it. */
export function concealInput(draft: Draft, defs: Defs, definition: GraphId, to: InputEnd): void {
  const linked = linkIndex(draft.graph(definition)).into(to.node).get(to.input);
  if (linked?.from !== BOUNDARY_IN) return;
  following(draft, defs, () => {
    unlinkInput(draft, defs, definition, to);
    const isUsed = linkIndex(draft.graph(definition))
      .outOf(BOUNDARY_IN)
      .some((one) => one.fromSlot === linked.fromSlot);
    if (!isUsed) removePort(draft, defs, definition, "inputs", linked.fromSlot);
  });
}

/** Make an output of a node inside an output of the definition. Returns its name, or null if there is no such output. */
export function exposeOutput(draft: Draft, defs: Defs, definition: GraphId, from: OutputEnd): string | null {
  const node = draft.graph(definition).nodes.by[from.node];
  const socket = node && socketsOf(node, defOf(draft.document, defs, node)).outputs[from.slot];
  if (socket === undefined) return null;
  return following(draft, defs, () => {
    const type = outputType(draft.document, defs, definition, from);
    const wanted = socket.name || (type === ANY ? "output" : type);
    const name = addPort(draft, defs, definition, "outputs", wanted, type);
    link(draft, defs, definition, from, { node: BOUNDARY_OUT, input: name });
    return name;
  });
}

/** Returns whether the name was free. What was shown instead of the old name goes. */
export function renamePort(
  draft: Draft,
  defs: Defs,
  definition: GraphId,
  side: Side,
  index: number,
  name: string,
): boolean {
  const now = ports(draft.graph(definition), side);
  const wanted = name.trim();
  if (wanted === "" || now.some((port, other) => other !== index && port.name === wanted)) return false;
  const next = now.map(keeping).map((port) => {
    if (port.was !== index) return port;
    return { ...port, entry: { ...without(port.entry, "label", "localized_name"), name: wanted } };
  });
  reshape(draft, defs, definition, side, next);
  return true;
}

export function removePort(draft: Draft, defs: Defs, definition: GraphId, side: Side, index: number): void {
  const now = ports(draft.graph(definition), side).map(keeping);
  reshape(
    draft,
    defs,
    definition,
    side,
    now.filter((port) => port.was !== index),
  );
}

/** Move an input or output to another place among them. */
export function movePort(
  draft: Draft,
  defs: Defs,
  definition: GraphId,
  side: Side,
  from: number,
  to: number,
): void {
  const now = ports(draft.graph(definition), side).map(keeping);
  const moved = now[from];
  if (moved === undefined) return;
  reshape(draft, defs, definition, side, now.toSpliced(from, 1).toSpliced(to, 0, moved));
}

interface Kept {
  readonly entry: JsonObject;
  /** Its place before; null for a new one. */
  readonly was: number | null;
}

function keeping(port: { readonly entry: JsonObject }, was: number): Kept {
  return { entry: port.entry, was };
}

function reshape(draft: Draft, defs: Defs, definition: GraphId, side: Side, next: readonly Kept[]): void {
  following(draft, defs, () => {
    const before = ports(draft.graph(definition), side);
    const names = new Map<string, string | null>(before.map((port) => [port.name, null]));
    const places = new Map<number, number | null>(before.map((_, index) => [index, null]));
    next.forEach(({ entry, was }, index) => {
      if (was === null) return;
      const [old, name] = [before[was]?.name ?? "", String(entry["name"])];
      names.set(old, name);
      places.set(was, index);
      if (side === "inputs" && old !== name) noteRename(draft, definition, old, name);
    });
    const hosts = hostsOf(draft, definition);
    draft.info(definition, { ...draft.graph(definition).info, [side]: next.map((port) => port.entry) });
    if (side === "inputs") {
      movePlaces(draft, definition, BOUNDARY_IN, places);
      for (const { graph, key } of hosts) {
        moveNames(draft, graph, key, names);
        changeHost(draft, graph, key, (node) => ({ inputs: renamedSlots(node.inputs, names, next) }));
      }
    } else {
      moveNames(draft, definition, BOUNDARY_OUT, names);
      for (const { graph, key } of hosts) {
        movePlaces(draft, graph, key, places);
        changeHost(draft, graph, key, (node) => ({ outputs: placedSlots(node.outputs, next) }));
      }
    }
  });
}

function hostsOf(draft: Draft, definition: GraphId): { graph: GraphId; key: NodeKey }[] {
  return draft.document.graphs.ids.flatMap((graph) => {
    const { nodes } = draft.graph(graph);
    return nodes.ids.filter((key) => nodes.by[key]?.type === definition).map((key) => ({ graph, key }));
  });
}

function changeHost(
  draft: Draft,
  graph: GraphId,
  key: NodeKey,
  edit: (node: NodeRecord) => Partial<NodeRecord>,
): void {
  const node = draft.graph(graph).nodes.by[key];
  if (node !== undefined) draft.put(graph, "nodes", key, { ...node, ...edit(node) });
}

/** Links out of a node follow its outputs to their new places. */
function movePlaces(
  draft: Draft,
  graph: GraphId,
  key: NodeKey,
  places: ReadonlyMap<number, number | null>,
): void {
  for (const one of linkIndex(draft.graph(graph)).outOf(key)) {
    const place = places.get(one.fromSlot);
    if (place === null) remove(draft, graph, [one]);
    else if (place !== undefined) draft.put(graph, "links", String(one.id), { ...one, fromSlot: place });
  }
}

/** Links into a node follow its inputs to their new names. */
function moveNames(
  draft: Draft,
  graph: GraphId,
  key: NodeKey,
  names: ReadonlyMap<string, string | null>,
): void {
  for (const one of linkIndex(draft.graph(graph)).allInto(key)) {
    const name = names.get(one.toInput);
    if (name === null) remove(draft, graph, [one]);
    else if (name !== undefined) draft.put(graph, "links", String(one.id), { ...one, toInput: name });
  }
}

/** A host's input records in the definition's new order; those it never had stay away, those of others stay behind. */
function renamedSlots(
  slots: readonly Slot[] | null,
  names: ReadonlyMap<string, string | null>,
  next: readonly Kept[],
): readonly Slot[] | null {
  if (slots === null) return null;
  const order = next.map(({ entry }) => String(entry["name"]));
  const kept = slots.flatMap((slot) => {
    const name = names.get(slot.name);
    return name === null ? [] : [name === undefined ? slot : renamedSlot(slot, name)];
  });
  const place = (slot: Slot) => {
    const index = order.indexOf(slot.name);
    return index < 0 ? order.length : index;
  };
  // Plain sockets stay before those of widgets, each in order.
  const isWidget = (slot: Slot) => (isObject(slot.rest["widget"]) ? 1 : 0);
  return kept.toSorted((a, b) => isWidget(a) - isWidget(b) || place(a) - place(b));
}

function renamedSlot(slot: Slot, name: string): Slot {
  if (slot.name === name) return slot;
  const rest = without(slot.rest, "label", "localized_name");
  return { ...slot, name, rest: isObject(rest["widget"]) ? { ...rest, widget: { name } } : rest };
}

function placedSlots(slots: readonly Slot[] | null, next: readonly Kept[]): readonly Slot[] {
  return next.map(({ entry, was }) => {
    const [name, type] = [String(entry["name"]), entry["type"] ?? ANY];
    const old = was === null ? undefined : slots?.[was];
    if (old === undefined) return { name, type, rest: {} };
    return old.name === name ? old : { ...old, name, rest: without(old.rest, "label", "localized_name") };
  });
}

function inputSocket(draft: Draft, defs: Defs, graph: GraphId, to: InputEnd): InputSocket | undefined {
  const node = draft.graph(graph).nodes.by[to.node];
  const sockets = node && socketsOf(node, defOf(draft.document, defs, node)).inputs;
  return sockets?.find((socket) => socket.name === to.input);
}
