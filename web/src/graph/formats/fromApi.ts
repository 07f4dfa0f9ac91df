/** A prompt as a workflow a person can edit. Positions, notes and subgraphs are not in a prompt. */
import type { Defs, NodeDef } from "../defs";
import {
  type Graph,
  type LinkRecord,
  Mode,
  type NodeKey,
  type NodeRecord,
  ROOT,
  type Slot,
} from "../document";
import { sizeOf } from "../geometry";
import { isObject, type Json, type JsonObject } from "../json";
import { tableOf } from "../table";
import { places, writeWidget } from "../widgets";
import { columns } from "./columns";
import type { Finding } from "./finding";
import type { ReadResult } from "./read";
import { className } from "./readNodes";
import { object, text } from "./values";

type Report = (finding: Omit<Finding, "graph">) => void;

export function fromApi(prompt: JsonObject, defs: Defs): ReadResult {
  const findings: Finding[] = [];
  const report: Report = (finding) => findings.push({ ...finding, graph: ROOT });
  const entries = Object.entries(prompt).flatMap(([key, entry]) => {
    const type = text(object(entry)["class_type"]);
    if (type === null) report({ code: "entry-without-class", node: key, params: { id: key } });
    return type === null ? [] : [{ key, entry: object(entry), type: className(type) }];
  });
  const keys = new Set(entries.map(({ key }) => key));
  const links: LinkRecord[] = [];
  const nodes = entries.map(({ key, entry, type }): [NodeKey, NodeRecord] => {
    const def = defs.get(type);
    if (def === undefined) report({ code: "unknown-class", node: key, params: { type } });
    const inputs = object(entry["inputs"]);
    const linked = linksInto(key, inputs, keys, links.length, report);
    links.push(...linked);
    return [key, nodeOf(key, type, entry, def, linked, report)];
  });
  const graph: Graph = {
    nodes: tableOf(nodes),
    links: tableOf(links.map((link) => [String(link.id), link])),
    groups: tableOf(),
    info: {},
  };
  return { document: { graphs: tableOf([[ROOT, placed(withTypes(graph))]]) }, findings };
}

function linksInto(
  key: NodeKey,
  inputs: JsonObject,
  keys: ReadonlySet<string>,
  count: number,
  report: Report,
): LinkRecord[] {
  const links: LinkRecord[] = [];
  for (const [name, value] of Object.entries(inputs)) {
    const origin = originOf(value);
    if (origin === null) continue;
    const { from, fromSlot } = origin;
    if (keys.has(from)) {
      links.push({
        id: count + links.length + 1,
        from,
        fromSlot,
        to: key,
        toInput: name,
        type: "*",
        rest: {},
      });
    } else report({ code: "wire-without-origin", node: key, input: name, params: { from, input: name } });
  }
  return links;
}

function originOf(value: Json): { from: NodeKey; fromSlot: number } | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [from, slot] = value;
  if ((typeof from !== "string" && typeof from !== "number") || typeof slot !== "number") return null;
  return { from: String(from), fromSlot: slot };
}

function nodeOf(
  key: NodeKey,
  type: string,
  entry: JsonObject,
  def: NodeDef | undefined,
  links: readonly LinkRecord[],
  report: Report,
): NodeRecord {
  const title = text(object(entry["_meta"])["title"]);
  const values = valuesIn(object(entry["inputs"]));
  const node: NodeRecord = {
    id: /^(0|[1-9]\d{0,14})$/.test(key) ? Number(key) : key,
    type,
    pos: [0, 0],
    size: def === undefined ? [315, 60 + 26 * (links.length + values.size)] : sizeOf(def),
    mode: Mode.ALWAYS,
    title: title === null || title === (def?.title ?? type) ? null : title,
    flags: {},
    color: null,
    bgcolor: null,
    inputs: socketsOf(def, links),
    outputs: (def?.outputs ?? []).map((output) => ({
      name: output.name,
      type: output.type,
      rest: output.isList ? { shape: 6 } : {},
    })),
    values: null,
    properties: { "Node name for S&R": type },
    rest: {},
  };
  if (def === undefined) {
    // By name, as nobody knows the order: so they are there when the class is, and go back into a prompt.
    return { ...node, values: values.size === 0 ? null : Object.fromEntries(values) };
  }
  return withValues(node, def, values, report);
}

/** What is no link, unwrapped. A link to nowhere is no value. */
function valuesIn(inputs: JsonObject): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const [name, value] of Object.entries(inputs)) {
    if (originOf(value) !== null) continue;
    found.set(name, isObject(value) && "__value__" in value ? (value["__value__"] ?? null) : value);
  }
  return found;
}

/** Controls start as fixed: what is opened runs as it ran. */
function withValues(
  node: NodeRecord,
  def: NodeDef,
  values: ReadonlyMap<string, Json>,
  report: Report,
): NodeRecord {
  const widgets = new Set(places(def).map(({ input }) => input.name));
  let filled = node;
  for (const [input, value] of values) {
    if (widgets.has(input)) filled = writeWidget(filled, def, input, value);
    else report({ code: "unknown-input", node: String(node.id), input, params: { type: node.type, input } });
  }
  const first = places(def)[0]?.input;
  // All from defaults: the list is written complete, like any other.
  if (first !== undefined && filled.values === null) {
    filled = writeWidget(filled, def, first.name, values.get(first.name) ?? null);
  }
  return filled;
}

/** Every plain socket of the class, widgets that are linked, and linked inputs the class does not list. */
function socketsOf(def: NodeDef | undefined, links: readonly LinkRecord[]): Slot[] {
  const linked = new Set(links.map((link) => link.toInput));
  const known = def?.inputs ?? [];
  const sockets = known.filter(({ widget, name }) => widget === null || linked.has(name));
  const names = new Set(known.map(({ name }) => name));
  return [
    ...sockets.map(({ name, type, widget, optional }) => ({
      name,
      type,
      rest: { ...(optional ? { shape: 7 } : {}), ...(widget === null ? {} : { widget: { name } }) },
    })),
    ...[...linked].filter((name) => !names.has(name)).map((name) => ({ name, type: "*", rest: {} })),
  ];
}

/** Links, and the sockets of unknown classes, with the types their other ends have. */
function withTypes(graph: Graph): Graph {
  const nodes = new Map(Object.entries(graph.nodes.by));
  const links = graph.links.ids.flatMap((id): [string, LinkRecord][] => {
    const link = graph.links.by[id];
    const [from, to] = [nodes.get(link?.from ?? ""), nodes.get(link?.to ?? "")];
    if (link === undefined || from === undefined || to === undefined) return [];
    const wanted = to.inputs?.find(({ name }) => name === link.toInput)?.type ?? "*";
    const type = from.outputs?.[link.fromSlot]?.type ?? wanted;
    nodes.set(link.from, withOutput(from, link.fromSlot, type));
    return [[id, { ...link, type }]];
  });
  const inOrder = graph.nodes.ids.flatMap((key): [NodeKey, NodeRecord][] => {
    const node = nodes.get(key);
    return node === undefined ? [] : [[key, node]];
  });
  return { ...graph, nodes: tableOf(inOrder), links: tableOf(links) };
}

/** A node of an unknown class has the outputs its links speak of. */
function withOutput(node: NodeRecord, slot: number, type: Json): NodeRecord {
  const outputs = node.outputs ?? [];
  if (slot < outputs.length || slot > 255) return node;
  const more = Array.from({ length: slot + 1 - outputs.length }, (_, index): Slot => {
    const known = outputs.length + index === slot ? type : "*";
    return { name: typeof known === "string" ? known : "*", type: known, rest: {} };
  });
  return { ...node, outputs: [...outputs, ...more] };
}

function placed(graph: Graph): Graph {
  const places = columns(graph);
  const nodes = graph.nodes.ids.flatMap((key): [NodeKey, NodeRecord][] => {
    const node = graph.nodes.by[key];
    return node === undefined ? [] : [[key, { ...node, pos: places.get(key) ?? node.pos }]];
  });
  return { ...graph, nodes: tableOf(nodes) };
}
