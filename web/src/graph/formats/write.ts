/** A document as a workflow file: version 0.4, or 1 if it was opened as such. */
import { type Document, type Graph, type GraphId, type LinkRecord, ROOT } from "../document";
import { isObject, type Json, type JsonObject } from "../json";
import { linkIndex } from "../links";
import { records } from "../table";
import { FORM, inForm, plain } from "./form";
import { orders } from "./order";
import { bareLink, groupJson, idOf, type LinkEnds, type LinkForm, linkId, nodeJson } from "./record";
import { list, number, object } from "./values";

export function write(document: Document): JsonObject {
  const info = document.graphs.by[ROOT]?.info ?? {};
  return inForm(bareRoot(document), object(info[FORM])["file"]);
}

/** The file without the form it was opened with. */
export function bareRoot(document: Document): JsonObject {
  const root = document.graphs.by[ROOT];
  if (root === undefined) throw new Error("the document has no root graph");
  const { definitions, version, ...info } = plain(root.info);
  const { id, revision, last_node_id, last_link_id, state, ...others } = info;
  const last = lastIds(document);
  const isFirst = version === 1;
  return {
    ...(id === undefined ? {} : { id }),
    ...(revision === undefined ? {} : { revision }),
    ...(isFirst
      ? { state: raised(state, last) }
      : {
          last_node_id: Math.max(last.node, number(last_node_id) ?? 0),
          last_link_id: Math.max(last.link, number(last_link_id) ?? 0),
          ...(state === undefined ? {} : { state }),
        }),
    nodes: nodesJson(root),
    links: linksJson(root, isFirst ? "object" : "list"),
    groups: records(root.groups).map(groupJson),
    ...definitionsJson(document, definitions),
    config: {},
    extra: {},
    ...others,
    version: version ?? 0.4,
  };
}

function definitionsJson(document: Document, others: Json | undefined): JsonObject {
  const subgraphs = document.graphs.ids
    .filter((id) => id !== ROOT)
    .map((id) => {
      const graph = document.graphs.by[id];
      return graph === undefined ? {} : inForm(bareDefinition(graph, id), object(graph.info[FORM])["file"]);
    });
  if (subgraphs.length === 0 && others === undefined) return {};
  return { definitions: { ...object(others), subgraphs } };
}

export function bareDefinition(graph: Graph, id: GraphId): JsonObject {
  const { id: _, version, revision, state, inputs, outputs, ...others } = plain(graph.info);
  const last = graphLast(graph);
  const out = linkIds(records(graph.links), "from");
  const into = linkIds(records(graph.links), "to");
  return {
    id,
    version: version ?? 1,
    state: raised(state, last),
    revision: revision ?? 0,
    inputs: list(inputs).map((slot, index) => withLinkIds(slot, out.get(String(index)))),
    outputs: list(outputs).map((slot) => withLinkIds(slot, into.get(String(object(slot)["name"])))),
    nodes: nodesJson(graph),
    groups: records(graph.groups).map(groupJson),
    links: linksJson(graph, "object"),
    ...others,
  };
}

/** Links at a boundary by the slot of the definition they belong to. */
function linkIds(links: readonly LinkRecord[], side: "from" | "to"): Map<string, (number | string)[]> {
  const found = new Map<string, (number | string)[]>();
  for (const link of links) {
    if (link[side] !== (side === "from" ? "-10" : "-20")) continue;
    const slot = side === "from" ? String(link.fromSlot) : link.toInput;
    found.set(slot, [...(found.get(slot) ?? []), linkId(link)]);
  }
  return found;
}

/** In the order of the file while they are the same links. */
function withLinkIds(slot: Json, now: readonly (number | string)[] = []): Json {
  if (!isObject(slot)) return slot;
  const before = list(slot["linkIds"]);
  const unchanged = before.length === now.length && now.every((id) => before.includes(id));
  return unchanged ? slot : { ...slot, linkIds: [...now] };
}

export function nodesJson(graph: Graph): JsonObject[] {
  const links = linkIndex(graph);
  const order = writtenOrders(graph);
  return graph.nodes.ids.flatMap((key) => {
    const node = graph.nodes.by[key];
    return node === undefined ? [] : [nodeJson(node, key, links, order.get(key))];
  });
}

/** A file whose orders contradict its links keeps them until the links are others. */
function writtenOrders(graph: Graph): Map<string, number> {
  const order = orders(graph);
  if (object(graph.info[FORM])["order"] !== [...order.values()].join(" ")) return order;
  const kept = graph.nodes.ids.map((key) => [key, graph.nodes.by[key]?.rest["order"]] as const);
  return new Map(kept.flatMap(([key, value]) => (typeof value === "number" ? [[key, value]] : [])));
}

export function linksJson(graph: Graph, form: LinkForm): Json[] {
  const ends = endsOf(graph);
  return records(graph.links).map((link) => inForm(bareLink(link, ends(link), form), link.rest[FORM]));
}

/** What a link's ends are called in the file. */
export function endsOf(graph: Graph): (link: LinkRecord) => LinkEnds {
  const places = new Map<string, Map<string, number>>();
  for (const key of graph.nodes.ids) places.set(key, indexes(graph.nodes.by[key]?.inputs ?? []));
  places.set(
    "-20",
    indexes(list(graph.info["outputs"]).map((slot) => ({ name: String(object(slot)["name"]) }))),
  );
  return (link) => ({
    origin: idOf(link.from, graph.nodes.by),
    target: idOf(link.to, graph.nodes.by),
    targetSlot: places.get(link.to)?.get(link.toInput) ?? 0,
  });
}

function indexes(slots: readonly { readonly name: string }[]): Map<string, number> {
  return new Map(slots.map(({ name }, index) => [name, index]));
}

interface Last {
  readonly node: number;
  readonly link: number;
}

/** New ids are drawn above these, so they count over the definitions, too. */
function lastIds(document: Document): Last {
  const all = records(document.graphs).map(graphLast);
  return {
    node: Math.max(0, ...all.map(({ node }) => node)),
    link: Math.max(0, ...all.map(({ link }) => link)),
  };
}

function graphLast(graph: Graph): Last {
  let [node, link] = [0, 0];
  for (const { id } of records(graph.nodes)) if (typeof id === "number" && id > node) node = id;
  for (const { id } of records(graph.links)) if (id > link) link = id;
  return { node, link };
}

function raised(state: Json | undefined, last: Last): JsonObject {
  const old = object(state);
  return {
    ...old,
    lastGroupId: old["lastGroupId"] ?? 0,
    lastNodeId: Math.max(last.node, number(old["lastNodeId"]) ?? 0),
    lastLinkId: Math.max(last.link, number(old["lastLinkId"]) ?? 0),
    lastRerouteId: old["lastRerouteId"] ?? 0,
  };
}
