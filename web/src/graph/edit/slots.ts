/** Slot records: what a file says of a node's sockets. They are made from the definition when they are first needed. */
import type { Draft } from "../change";
import type { Defs, InputDef, NodeDef } from "../defs";
import type { GraphId, NodeKey, NodeRecord, Slot } from "../document";
import { defOf } from "../hosts";
import { socketsOf } from "../sockets";

export function inputSlot(input: InputDef): Slot {
  const rest = {
    ...(input.optional && input.widget === null ? { shape: 7 } : {}),
    ...(input.widget === null ? {} : { widget: { name: input.name } }),
  };
  return { name: input.name, type: input.type, rest };
}

/** Every socket and widget: complete, so that places in the list agree with the definition for other tools. */
export function inputSlots(def: NodeDef): Slot[] {
  const shown = def.inputs.filter((input) => input.options["socketless"] !== true);
  const [sockets, widgets] = [
    shown.filter((input) => input.widget === null),
    shown.filter((input) => input.widget !== null),
  ];
  return [...sockets, ...widgets].map(inputSlot);
}

export function outputSlots(def: NodeDef): Slot[] {
  return def.outputs.map((output) => ({
    name: output.name,
    type: output.type,
    rest: output.isList ? { shape: 6 } : {},
  }));
}

/** Sees to it that the node has a record for an input it shows, in the order they are shown. */
export function ensureInput(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey, name: string): void {
  const node = draft.graph(graph).nodes.by[key];
  if (node === undefined || node.inputs?.some((slot) => slot.name === name)) return;
  const def = defOf(draft.document, defs, node);
  const input = def?.inputs.find((one) => one.name === name);
  if (input === undefined) return;
  const order = socketsOf(node, def).inputs.map((socket) => socket.name);
  const slots = node.inputs ?? [];
  const behind = slots.findIndex((slot) => order.indexOf(slot.name) > order.indexOf(name));
  const inputs = slots.toSpliced(behind < 0 ? slots.length : behind, 0, inputSlot(input));
  draft.put(graph, "nodes", key, { ...node, inputs });
}

export function ensureOutput(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey, index: number): void {
  const node = draft.graph(graph).nodes.by[key];
  const had = node?.outputs ?? [];
  if (node === undefined || index < had.length) return;
  const def = defOf(draft.document, defs, node);
  const missing = def === undefined ? [] : outputSlots(def).slice(had.length, index + 1);
  draft.put(graph, "nodes", key, { ...node, outputs: [...had, ...missing] });
}

/** Changes a node if it is there. */
export function change(
  draft: Draft,
  graph: GraphId,
  keys: Iterable<NodeKey>,
  edit: (node: NodeRecord, key: NodeKey) => NodeRecord,
): void {
  for (const key of keys) {
    const node = draft.record(graph, "nodes", key);
    if (node !== undefined) draft.put(graph, "nodes", key, edit(node, key));
  }
}
