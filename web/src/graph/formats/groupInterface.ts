/** What a group node shows of the nodes inside of it: their free sockets, widgets and outputs, under unique names. */
import type { Defs } from "../defs";
import type { Graph, NodeKey, NodeRecord } from "../document";
import { isObject, type Json, type JsonObject } from "../json";
import { PRIMITIVE } from "../kinds";
import { linkIndex } from "../links";
import { records } from "../table";
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
  nested: Nested,
): GroupInterface {
  const names = new Names();
  const outputNames = new Names();
  const external = new Set(list(group["external"]).map((entry) => list(entry).slice(0, 2).join(" ")));
  const found = records(graph.nodes).map((node, index) => {
    const key = graph.nodes.ids[index] ?? "";
    const inner: Inner = { graph, key, node, config: object(object(group["config"])[key]), defs, nested };
    return { inner, sockets: shownSockets(inner, names), places: shownPlaces(inner, names) };
  });
  return {
    sockets: found.flatMap(({ sockets }) => sockets),
    places: found.flatMap(({ places: shown }) => shown),
    outputs: found.flatMap(({ inner }) => shownOutputs(inner, outputNames, external)),
  };
}

type Nested = (type: string) => GroupInterface | undefined;

/** A node of the group, with what the group's settings say of it. */
interface Inner {
  readonly graph: Graph;
  readonly key: NodeKey;
  readonly node: NodeRecord;
  readonly config: JsonObject;
  readonly defs: Defs | undefined;
  readonly nested: Nested;
}

function shownSockets({ graph, key, node, config, defs, nested }: Inner, names: Names): GroupSocket[] {
  return socketsInside(node, defs, nested).flatMap(({ name, type }) => {
    const choice = object(object(config["input"])[name]);
    if (linkIndex(graph).into(key).has(name) || choice["visible"] === false) return [];
    return [{ name: names.take(node, name, choice["name"]), type, ends: [{ node: key, input: name }] }];
  });
}

function shownPlaces({ graph, key, node, config, defs, nested }: Inner, names: Names): GroupPlace[] {
  const links = linkIndex(graph);
  const isPrimitive = node.type === PRIMITIVE;
  const fed = links.outOf(key).map((link) => ({ node: link.to, input: link.toInput }));
  const sockets = new Map<string, GroupSocket>();
  return placesInside(node, defs, nested).flatMap(({ name, type, kind, index }): GroupPlace[] => {
    if (!isPrimitive && links.into(key).has(name)) return [];
    const choice = object(object(config["input"])[name]);
    const ends = isPrimitive ? fed : [{ node: key, input: name }];
    let socket = sockets.get(name) ?? null;
    if (socket === null && name !== "" && ends.length > 0) {
      socket = { name: names.take(node, name, choice["name"]), type, ends };
      sockets.set(name, socket);
    }
    const slot = node.inputs?.find((one) => one.name === name);
    const isConverted = isObject(slot?.rest["widget"]);
    return [{ socket, kind, node: key, index, isHidden: choice["visible"] === false, isConverted }];
  });
}

/** What is used inside is shown only if the group says that it is used outside, too. */
function shownOutputs(
  { graph, key, node, config, defs, nested }: Inner,
  names: Names,
  external: ReadonlySet<string>,
): GroupOutput[] {
  if (node.type === PRIMITIVE) return [];
  return outputsInside(node, defs, nested).flatMap(({ name, type }, slot) => {
    const choice = object(object(config["output"])[String(slot)]);
    const isUsed = linkIndex(graph)
      .outOf(key)
      .some((link) => link.fromSlot === slot);
    if ((isUsed && !external.has(`${key} ${slot}`)) || choice["visible"] === false) return [];
    return [{ name: names.take(node, name, choice["name"]), type, node: key, slot }];
  });
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

function socketsInside(node: NodeRecord, defs: Defs | undefined, nested: Nested): readonly Named[] {
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
  nested: Nested,
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

function outputsInside(node: NodeRecord, defs: Defs | undefined, nested: Nested): readonly Named[] {
  const known = nested(node.type)?.outputs ?? defs?.get(node.type)?.outputs;
  return known ?? (node.outputs ?? []).map(({ name, type }) => ({ name, type: typeText(type) }));
}
