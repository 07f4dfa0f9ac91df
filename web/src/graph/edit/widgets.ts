/** Setting the values of widgets. */
import type { Draft } from "../change";
import type { Defs } from "../defs";
import type { GraphId, NodeKey, NodeRecord } from "../document";
import { defOf } from "../hosts";
import { isObject, type Json } from "../json";
import { socketsOf } from "../sockets";
import { type Control, writeControl, writeFilter, writeWidget } from "../widgets";
import { following } from "./follow";
import { unlinkInput } from "./links";
import { change, ensureInput } from "./slots";

/** Set a widget by the name of its input, on a node whose class is known or on a host. */
export function setWidget(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  name: string,
  value: Json,
): void {
  change(draft, graph, [key], (node) => {
    const def = defOf(draft.document, defs, node);
    return def === undefined ? node : writeWidget(node, def, name, value);
  });
}

export function setControl(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  name: string,
  value: Control,
): void {
  change(draft, graph, [key], (node) => {
    const def = defOf(draft.document, defs, node);
    return def === undefined ? node : writeControl(node, def, name, value);
  });
}

export function setFilter(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  name: string,
  value: string,
): void {
  change(draft, graph, [key], (node) => {
    const def = defOf(draft.document, defs, node);
    return def === undefined ? node : writeFilter(node, def, name, value);
  });
}

/** Set a value by its place, on nodes without a definition: notes, primitives, classes nobody knows. */
export function setValueAt(draft: Draft, graph: GraphId, key: NodeKey, index: number, value: Json): void {
  change(draft, graph, [key], (node) => {
    const values = Array.isArray(node.values) ? [...node.values] : [];
    while (values.length < index) values.push(null);
    values[index] = value;
    return { ...node, values };
  });
}

/** Set a value by its name, on nodes whose file keeps them as an object. */
export function setValueNamed(draft: Draft, graph: GraphId, key: NodeKey, name: string, value: Json): void {
  change(draft, graph, [key], (node) =>
    isObject(node.values) ? { ...node, values: { ...node.values, [name]: value } } : node,
  );
}

/** Give a widget a socket of its own in the file. It can be linked without, too: then it gets one by itself. */
export function widgetToInput(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey, name: string): void {
  ensureInput(draft, defs, graph, key, name);
}

/** Take the link and the socket of a widget away, so that its own value counts again. */
export function inputToWidget(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey, name: string): void {
  const node = draft.graph(graph).nodes.by[key];
  const socket =
    node && socketsOf(node, defOf(draft.document, defs, node)).inputs.find((one) => one.name === name);
  if (socket === undefined || !socket.isWidget) return;
  following(draft, defs, () => {
    unlinkInput(draft, defs, graph, { node: key, input: name });
    // What only the file knows of would be lost with its record.
    if (socket.def !== null) change(draft, graph, [key], (one) => withoutInput(one, name));
  });
}

function withoutInput(node: NodeRecord, name: string): NodeRecord {
  const inputs = node.inputs?.filter((slot) => slot.name !== name) ?? null;
  return { ...node, inputs };
}
