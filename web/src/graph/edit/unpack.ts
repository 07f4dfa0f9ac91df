/** Putting the inside of a subgraph in the place of one of its instances. */
import type { Draft } from "../change";
import type { InputEnd, OutputEnd } from "../connect";
import type { Defs } from "../defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Graph,
  type GraphId,
  Mode,
  type NodeKey,
  type NodeRecord,
  type Point,
} from "../document";
import { storedLinks } from "../formats/everywhere";
import { boundsOf, boundsOfAll, centre } from "../geometry";
import { defOf, innerTargets, proxied } from "../hosts";
import { groupKey, nodeIds } from "../ids";
import type { Json } from "../json";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { ports } from "../ports";
import { places, readWidgets, writeWidget } from "../widgets";
import { crossingLinks, putStored, takeStored } from "./everywhere";
import { following } from "./follow";
import { endsOf, link } from "./links";
import { removeNodes } from "./nodes";

/**
 * Replace an instance by copies of what is inside, with its values and its links. Returns their keys, none if the
 * node is no instance. A muted or bypassed instance leaves muted or bypassed nodes. The definition stays.
 */
export function unpack(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey): NodeKey[] {
  const host = draft.graph(graph).nodes.by[key];
  if (host === undefined || !isHost(draft.document, host.type)) return [];
  const inner = draft.graph(host.type);
  return following(draft, defs, () => {
    const isHere = new Set([key]);
    for (const one of crossingLinks(draft, graph, isHere)) draft.put(graph, "links", String(one.id), one);
    takeStored(draft, graph, isHere);
    const links = linkIndex(draft.graph(graph));
    const [sources, consumers] = [links.into(key), links.outOf(key)];
    const names = ports(inner, "inputs").map((port) => port.name);
    const source = (slot: number): OutputEnd | null => {
      const one = sources.get(names[slot] ?? "");
      return one === undefined ? null : endsOf(one)[0];
    };
    const values = valuesInside(draft, defs, host, (name) => sources.has(name));
    const keys = copyNodes(draft, defs, graph, host, inner, values);
    removeNodes(draft, defs, graph, [key]);
    const outer = (from: OutputEnd): OutputEnd | null => {
      if (from.node === BOUNDARY_IN) return source(from.slot);
      const node = keys.get(from.node);
      return node === undefined ? null : { node, slot: from.slot };
    };
    for (const id of inner.links.ids) {
      const one = inner.links.by[id];
      const to = one && keys.get(one.to);
      if (one === undefined || to === undefined) continue;
      const from = outer(endsOf(one)[0]);
      if (from !== null) link(draft, defs, graph, from, { node: to, input: one.toInput });
    }
    putStored(draft, graph, storedLinks(inner), keys);
    const outputs = ports(inner, "outputs");
    for (const one of consumers) {
      const given = linkIndex(inner)
        .into(BOUNDARY_OUT)
        .get(outputs[one.fromSlot]?.name ?? "");
      const from = given === undefined ? null : outer(endsOf(given)[0]);
      if (from !== null) link(draft, defs, graph, from, endsOf(one)[1]);
    }
    return [...keys.values()];
  });
}

/** The values the host gives to widgets inside, but for those it is fed. */
function valuesInside(
  draft: Draft,
  defs: Defs,
  host: NodeRecord,
  isFed: (name: string) => boolean,
): { readonly to: InputEnd; readonly value: Json }[] {
  const inner = draft.graph(host.type);
  const def = defOf(draft.document, defs, host);
  if (def === undefined) return [];
  const { values } = readWidgets(host, def);
  const inputs = ports(inner, "inputs");
  const proxies = proxied(draft.document, defs, host);
  return places(def).flatMap(({ input }) => {
    const value = values.get(input.name);
    if (value === undefined || isFed(input.name)) return [];
    const port = inputs.findIndex((one) => one.name === input.name);
    if (port >= 0) {
      return innerTargets(inner, port).map((end) => ({ to: end, value }));
    }
    const shown = proxies[def.inputs.indexOf(input) - inputs.length];
    return shown === undefined
      ? []
      : [{ to: { node: String(shown.inner.id), input: shown.input.name }, value }];
  });
}

/** Copies of the nodes and frames inside, around the place of the host. Returns the copies by the originals. */
function copyNodes(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  host: NodeRecord,
  inner: Graph,
  values: readonly { readonly to: InputEnd; readonly value: Json }[],
): Map<NodeKey, NodeKey> {
  const [dx, dy] = shift(host, inner);
  const nextId = nodeIds(draft.graph(graph));
  const keys = new Map<NodeKey, NodeKey>();
  for (const key of inner.nodes.ids) {
    const node = inner.nodes.by[key];
    if (node === undefined) continue;
    const id = nextId();
    let copy: NodeRecord = {
      ...node,
      id,
      pos: [node.pos[0] + dx, node.pos[1] + dy],
      mode: host.mode === Mode.ALWAYS ? node.mode : host.mode,
    };
    const def = defOf(draft.document, defs, node);
    for (const { to, value } of values) {
      if (to.node !== key || def === undefined) continue;
      if (def.inputs.some((input) => input.name === to.input)) copy = writeWidget(copy, def, to.input, value);
    }
    draft.put(graph, "nodes", String(id), copy);
    keys.set(key, String(id));
  }
  for (const key of inner.groups.ids) {
    const group = inner.groups.by[key];
    if (group === undefined) continue;
    const [x, y, width, height] = group.bounding;
    const moved = { ...group, bounding: [x + dx, y + dy, width, height] as const };
    draft.put(graph, "groups", groupKey(draft.graph(graph)), moved);
  }
  return keys;
}

function shift(host: NodeRecord, inner: Graph): Point {
  const bounds = boundsOfAll(inner, inner.nodes.ids);
  if (bounds === null) return [0, 0];
  const [from, to] = [centre(bounds), centre(boundsOf(host))];
  return [Math.round(to[0] - from[0]), Math.round(to[1] - from[1])];
}
