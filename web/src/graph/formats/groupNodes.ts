/**
 * Group nodes, the mechanism before subgraphs, become subgraphs when a file is opened: `workflow>Name` is
 * described in `extra.groupNodes[Name]`, and each instance keeps the values of all inner widgets in one list.
 */
import type { Defs } from "../defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Document,
  type Graph,
  type GraphId,
  type LinkRecord,
  type NodeKey,
  type NodeRecord,
  ROOT,
} from "../document";
import { isObject, type Json, type JsonObject } from "../json";
import { PRIMITIVE } from "../kinds";
import { put, records, tableOf } from "../table";
import type { Finding } from "./finding";
import { type GroupInterface, type GroupPlace, type GroupSocket, groupInterface } from "./groupInterface";
import { readNodes } from "./readNodes";
import { list, number, object, text } from "./values";

const PREFIX = "workflow>";

interface Made {
  readonly id: GraphId;
  readonly shape: GroupInterface;
  /** Widgets that became inputs of the definition, in the order of an instance's values. */
  readonly widgets: readonly GroupSocket[];
}

export function convertGroupNodes(
  document: Document,
  defs: Defs | undefined,
): { document: Document; findings: readonly Finding[] } {
  const groups = object(object(document.graphs.by[ROOT]?.info["extra"])["groupNodes"]);
  const findings: Finding[] = [];
  const made = new Map<string, Made>();
  let graphs = document.graphs;

  const convert = (id: GraphId, graph: Graph, inside: readonly string[]): Graph => {
    let changed = graph;
    for (const key of graph.nodes.ids) {
      const node = changed.nodes.by[key];
      if (node === undefined || !node.type.startsWith(PREFIX)) continue;
      const name = node.type.slice(PREFIX.length);
      const known = define(name, node, inside);
      const code = known === null ? "group-node-undefined" : "group-node-converted";
      findings.push({ code, graph: id, node: key, params: { name } });
      if (known !== null) changed = hosted(changed, key, node, known);
    }
    return changed;
  };

  /** The definition of a group, made when its first instance is met. */
  const define = (name: string, first: NodeRecord, inside: readonly string[]): Made | null => {
    const known = made.get(name);
    const group = groups[name];
    if (!isObject(group) || inside.includes(name)) return null;
    if (known !== undefined) return known;
    const id = uuidOf(`group node ${name}`);
    const flat = innerGraph(group, new Set(Object.keys(groups)));
    // Those inside first: what they show is part of what this one shows.
    for (const node of records(flat.nodes)) {
      if (node.type.startsWith(PREFIX)) define(node.type.slice(PREFIX.length), node, [...inside, name]);
    }
    const nested = (type: string) => made.get(type.slice(PREFIX.length))?.shape;
    const shape = groupInterface(flat, group, defs, nested);
    const widgets = [...new Set(shape.places.flatMap(({ socket }) => (socket === null ? [] : [socket])))];
    const own = { id, shape, widgets };
    made.set(name, own);
    const filled = withControls(flat, placesFor(shape.places, list(first.values)), list(first.values));
    const converted = convert(id, filled, [...inside, name]);
    graphs = put(graphs, id, definition(own, name, converted), graphs.ids.length);
    return own;
  };

  for (const id of document.graphs.ids) {
    const graph = document.graphs.by[id];
    if (graph === undefined) continue;
    // Converting adds definitions to `graphs`, so it comes first.
    const converted = convert(id, graph, []);
    graphs = put(graphs, id, converted, 0);
  }
  return { document: findings.length === 0 ? document : { ...document, graphs }, findings };
}

/** The nodes of a group under their index, which is their id. */
function innerGraph(group: JsonObject, groups: ReadonlySet<string>): Graph {
  const raws = list(group["nodes"]).map((raw, index) => ({ ...object(raw), id: index }));
  const nodes = readNodes(raws, () => undefined, groups).map(({ key, record }): [NodeKey, NodeRecord] => {
    const { index: _, ...rest } = record.rest;
    return [key, { ...record, rest }];
  });
  const table = tableOf(nodes);
  const links = list(group["links"]).flatMap((raw, index): [string, LinkRecord][] => {
    const [from, fromSlot, to, toSlot, , type] = list(raw);
    const target = table.by[String(to)];
    const input = target?.inputs?.[number(toSlot) ?? -1]?.name;
    // Without an origin it came from outside of the group.
    if (number(from) === null || table.by[String(from)] === undefined || input === undefined) return [];
    const id = index + 1;
    const ends = { from: String(from), fromSlot: number(fromSlot) ?? 0, to: String(to), toInput: input };
    return [[String(id), { id, ...ends, type: type ?? "*", rest: {} }]];
  });
  return { nodes: table, links: tableOf(links), groups: tableOf(), info: {} };
}

/** Which places a list of values has: converted and hidden widgets are in it or not, as its length tells. */
function placesFor(all: readonly GroupPlace[], values: readonly Json[]): readonly GroupPlace[] {
  const readings = [
    all.filter(({ isHidden, isConverted }) => !isHidden && !isConverted),
    all.filter(({ isHidden }) => !isHidden),
    all.filter(({ isConverted }) => !isConverted),
    all,
  ];
  return readings.find(({ length }) => length === values.length) ?? all;
}

/** Controls and what cannot be promoted are kept inside, with what the first instance says of them. */
function withControls(graph: Graph, given: readonly GroupPlace[], values: readonly Json[]): Graph {
  const lists = new Map<NodeKey, Json[]>();
  given.forEach(({ kind, node, index, socket }, at) => {
    const value = values[at];
    const record = graph.nodes.by[node];
    if ((kind === "value" && socket !== null) || value === undefined || !Array.isArray(record?.values))
      return;
    const own = lists.get(node) ?? [...record.values];
    if (index < own.length) own[index] = value;
    lists.set(node, own);
  });
  let { nodes } = graph;
  for (const [key, own] of lists) {
    const record = nodes.by[key];
    if (record !== undefined) nodes = put(nodes, key, { ...record, values: own }, 0);
  }
  return { ...graph, nodes };
}

function definition({ id, shape, widgets }: Made, name: string, graph: Graph): Graph {
  const primitives = new Set(graph.nodes.ids.filter((key) => graph.nodes.by[key]?.type === PRIMITIVE));
  const links = records(graph.links).filter((link) => !primitives.has(link.from));
  let last = Math.max(0, ...links.map((link) => link.id));
  const add = (ends: Omit<LinkRecord, "id" | "rest">) => links.push({ id: ++last, rest: {}, ...ends });
  const inputs = [...shape.sockets, ...widgets];
  inputs.forEach(({ type, ends }, index) => {
    for (const { node, input } of ends)
      add({ from: BOUNDARY_IN, fromSlot: index, to: node, toInput: input, type });
  });
  for (const { name: toInput, type, node, slot } of shape.outputs) {
    add({ from: node, fromSlot: slot, to: BOUNDARY_OUT, toInput, type });
  }
  const slot = (side: string) => (one: { name: string; type: string }) => ({
    id: uuidOf(`${id} ${side} ${one.name}`),
    name: one.name,
    type: one.type,
    linkIds: [],
  });
  const kept = graph.nodes.ids.filter((key) => !primitives.has(key));
  const asInputs = new Map(
    widgets.flatMap(({ type, ends }) => ends.map((end) => [`${end.node}\n${end.input}`, type])),
  );
  return {
    nodes: tableOf(kept.flatMap((key) => entryWithSockets(graph, key, asInputs))),
    links: tableOf(links.map((link) => [String(link.id), link])),
    groups: tableOf(),
    info: {
      id,
      version: 1,
      revision: 0,
      name,
      inputNode: { id: -10, bounding: [-260, 0, 120, 60 + 20 * inputs.length] },
      outputNode: { id: -20, bounding: [1200, 0, 120, 60 + 20 * shape.outputs.length] },
      inputs: inputs.map(slot("input")),
      outputs: shape.outputs.map(slot("output")),
      widgets: [],
    },
  };
}

/** The node with a socket for each of its widgets that is promoted. */
function entryWithSockets(
  graph: Graph,
  key: NodeKey,
  promoted: ReadonlyMap<string, string>,
): [NodeKey, NodeRecord][] {
  const node = graph.nodes.by[key];
  if (node === undefined) return [];
  const known = node.inputs ?? [];
  const missing = [...promoted].flatMap(([end, type]) => {
    const [owner, name = ""] = end.split("\n");
    if (owner !== key || known.some((slot) => slot.name === name)) return [];
    return [{ name, type, rest: { widget: { name } } }];
  });
  return [[key, { ...node, inputs: [...known, ...missing] }]];
}

/** The graph with one group node as an instance of its definition. */
function hosted(graph: Graph, key: NodeKey, node: NodeRecord, { id, shape, widgets }: Made): Graph {
  const inputs = [...shape.sockets, ...widgets];
  const renamed = new Map<string, string>();
  let place = 0;
  const slots = (node.inputs ?? []).map((slot) => {
    const widget = text(object(slot.rest["widget"])["name"]);
    const byName = inputs.find(({ name }) => name === (widget ?? slot.name));
    const byPlace = widget === null ? shape.sockets[place] : undefined;
    if (widget === null) place += 1;
    const name = (byName ?? byPlace)?.name ?? slot.name;
    renamed.set(slot.name, name);
    return { ...slot, name };
  });
  const values = list(node.values);
  const given = placesFor(shape.places, values);
  const valueBySocket = new Map(
    given.flatMap(({ socket, kind }, at) => (kind === "value" ? [[socket, values[at]]] : [])),
  );
  const host: NodeRecord = {
    ...node,
    type: id,
    inputs: slots,
    values: widgets.map((socket) => valueBySocket.get(socket) ?? null),
  };
  const links = records(graph.links).map((link): [string, LinkRecord] => [
    String(link.id),
    link.to === key ? { ...link, toInput: renamed.get(link.toInput) ?? link.toInput } : link,
  ]);
  return { ...graph, nodes: put(graph.nodes, key, host, 0), links: tableOf(links) };
}

/** The same id for the same name, so that opening a file twice gives the same document. */
function uuidOf(name: string): string {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  let hex = "";
  while (hex.length < 32) {
    for (const sign of `${name}${hex}`) {
      const code = sign.codePointAt(0) ?? 0;
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    hex +=
      ((a ^ (b >>> 16)) >>> 0).toString(16).padStart(8, "0") +
      ((b ^ (a >>> 13)) >>> 0).toString(16).padStart(8, "0");
  }
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
