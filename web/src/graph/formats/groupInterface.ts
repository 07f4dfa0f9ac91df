/** What a group node shows of the nodes inside of it: their free sockets, widgets and outputs, under unique names. */
import type { Defs } from "../defs";
import type { Graph, NodeKey, NodeRecord } from "../document";
import { isObject, type Json, type JsonObject } from "../json";
import { PRIMITIVE } from "../kinds";
import { linkIndex } from "../links";
import { typeText } from "../types";
import { type PlaceKind, places } from "../widgets";
import { list, object, text } from "./values";

export interface GroupSocket {
  readonly name: string;
  readonly type: string;
  /** Where it leads: one input, or every input an inner primitive feeds. */
  readonly ends: readonly { readonly node: NodeKey; readonly input: string }[];
}

/** One place of an instance's list of values. */
export interface GroupPlace {
  /** The widget it belongs to; null for a place nothing is known of. */
  readonly socket: GroupSocket | null;
  readonly kind: PlaceKind;
  readonly node: NodeKey;
  /** Its place in the inner node's own list. */
  readonly index: number;
  readonly isHidden: boolean;
  readonly isConverted: boolean;
}

export interface GroupOutput {
  readonly name: string;
  readonly type: string;
  readonly node: NodeKey;
  readonly slot: number;
}

export interface GroupInterface {
  readonly sockets: readonly GroupSocket[];
  readonly places: readonly GroupPlace[];
  readonly outputs: readonly GroupOutput[];
}

/** `nested` knows the group nodes inside of this one. */
export function groupInterface(
  graph: Graph,
  group: JsonObject,
  defs: Defs | undefined,
  nested: (type: string) => GroupInterface | undefined,
): GroupInterface {
  const links = linkIndex(graph);
  const inputNames = new Names();
  const outputNames = new Names();
  const sockets: GroupSocket[] = [];
  const found: GroupPlace[] = [];
  const outputs: GroupOutput[] = [];
  const external = new Set(list(group["external"]).map((entry) => list(entry).slice(0, 2).join(" ")));
  for (const key of graph.nodes.ids) {
    const node = graph.nodes.by[key];
    if (node === undefined) continue;
    const config = object(object(group["config"])[key]);
    const shown = object(config["input"]);
    const isLinked = (input: string) => links.into(key).has(input);
    for (const { name, type } of socketsInside(node, defs, nested)) {
      const choice = object(shown[name]);
      if (isLinked(name) || choice["visible"] === false) continue;
      sockets.push({
        name: inputNames.take(node, name, choice["name"]),
        type,
        ends: [{ node: key, input: name }],
      });
    }
    const widgets = new Map<string, GroupSocket>();
    for (const { name, type, kind, index } of placesInside(node, defs, nested)) {
      const isOfPrimitive = node.type === PRIMITIVE;
      if (isLinked(name) && !isOfPrimitive) continue;
      const choice = object(shown[name]);
      const ends = isOfPrimitive
        ? links.outOf(key).map((link) => ({ node: link.to, input: link.toInput }))
        : [{ node: key, input: name }];
      const isNamed = !isOfPrimitive || ends.length > 0;
      const socket =
        name === "" || !isNamed
          ? null
          : (widgets.get(name) ?? {
              name: inputNames.take(node, name, choice["name"]),
              type,
              ends,
            });
      if (socket !== null) widgets.set(name, socket);
      const isConverted =
        node.inputs?.some((slot) => slot.name === name && isObject(slot.rest["widget"])) ?? false;
      found.push({ socket, kind, node: key, index, isHidden: choice["visible"] === false, isConverted });
    }
    if (node.type === PRIMITIVE) continue;
    outputsInside(node, defs, nested).forEach(({ name, type }, slot) => {
      const choice = object(object(config["output"])[String(slot)]);
      const isUsed = links.outOf(key).some((link) => link.fromSlot === slot);
      if ((isUsed && !external.has(`${key} ${slot}`)) || choice["visible"] === false) return;
      outputs.push({ name: outputNames.take(node, name, choice["name"]), type, node: key, slot });
    });
  }
  return { sockets, places: found, outputs };
}

/** The first of a name keeps it; the next ones are told apart by what their node is called. */
class Names {
  private readonly taken = new Set<string>();

  take(node: NodeRecord, name: string, chosen: Json | undefined): string {
    const called = node.title ?? node.type;
    const plain = text(chosen) ?? name;
    let free = node.type === PRIMITIVE && node.title !== null ? `${called} ${plain}` : plain;
    if (this.taken.has(free)) free = `${called} ${plain}`;
    for (let count = 1; this.taken.has(free); count += 1) free = `${called} ${count} ${plain}`;
    this.taken.add(free);
    return free;
  }
}

interface Named {
  readonly name: string;
  readonly type: string;
}

function socketsInside(
  node: NodeRecord,
  defs: Defs | undefined,
  nested: (type: string) => GroupInterface | undefined,
): readonly Named[] {
  const group = nested(node.type);
  if (group !== undefined) return group.sockets;
  const def = defs?.get(node.type);
  if (def !== undefined) return def.inputs.filter(({ widget }) => widget === null);
  const plain = (node.inputs ?? []).filter((slot) => !isObject(slot.rest["widget"]));
  return plain.map(({ name, type }) => ({ name, type: typeText(type) }));
}

function placesInside(
  node: NodeRecord,
  defs: Defs | undefined,
  nested: (type: string) => GroupInterface | undefined,
): readonly (Named & { readonly kind: PlaceKind; readonly index: number })[] {
  const group = nested(node.type);
  if (group !== undefined) {
    return group.places.map(({ socket, kind }, index) => ({
      name: socket?.name ?? "",
      type: socket?.type ?? "*",
      kind,
      index,
    }));
  }
  const values = list(node.values);
  if (node.type === PRIMITIVE) {
    const output = node.outputs?.[0];
    const name = text(object(output?.rest["widget"])["name"]) ?? output?.name ?? "value";
    const kinds: readonly PlaceKind[] = ["value", "control", "filter"];
    return values.map((_, index) => ({
      name,
      type: typeText(output?.type),
      kind: kinds[index] ?? "button",
      index,
    }));
  }
  const def = defs?.get(node.type);
  if (def === undefined) return values.map((_, index) => ({ name: "", type: "*", kind: "value", index }));
  return places(def).map(({ input, kind }, index) => ({ name: input.name, type: input.type, kind, index }));
}

function outputsInside(
  node: NodeRecord,
  defs: Defs | undefined,
  nested: (type: string) => GroupInterface | undefined,
): readonly Named[] {
  const known = nested(node.type)?.outputs ?? defs?.get(node.type)?.outputs;
  return known ?? (node.outputs ?? []).map(({ name, type }) => ({ name, type: typeText(type) }));
}
