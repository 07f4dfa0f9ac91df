/** Making a subgraph of a selection. */
import type { Draft } from "../change";
import { outputType, titleOf } from "../connect";
import type { Defs } from "../defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Graph,
  type GraphId,
  type LinkRecord,
  type NodeKey,
} from "../document";
import { withStored } from "../formats/everywhere";
import { boundsOfAll, centre, membersOf, type Rect, sizeOf, TITLE_HEIGHT } from "../geometry";
import { hostDef } from "../hosts";
import { nodeIds, uuid } from "../ids";
import { type JsonObject, without } from "../json";
import { linkIndex, pathBetween, reach } from "../links";
import { uniqueName } from "../ports";
import { records, tableOf } from "../table";
import { ANY, typeText } from "../types";
import { crossingLinks, takeStored } from "./everywhere";
import { following } from "./follow";
import { portEntry } from "./interface";
import { endsOf, link } from "./links";
import { freshNode, removeNodes } from "./nodes";

/** `cycle`: a way leads out of the selection and back in (`detail` names it), so one node cannot stand for it. */
export type SubgraphResult =
  | { readonly ok: true; readonly host: NodeKey; readonly definition: GraphId }
  | { readonly ok: false; readonly code: "empty" | "cycle"; readonly detail: string };

/** Put nodes into a new definition, with the frames that hold nothing else, and an instance in their place. */
export function makeSubgraph(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  keys: Iterable<NodeKey>,
  name: string,
): SubgraphResult {
  const { nodes } = draft.graph(graph);
  const chosen = new Set([...keys].filter((key) => nodes.by[key] !== undefined));
  const everywhere = crossingLinks(draft, graph, chosen);
  const outer = withLinks(draft.graph(graph), everywhere);
  const bounds = boundsOfAll(outer, chosen);
  if (bounds === null) return { ok: false, code: "empty", detail: "" };
  const detour = wayBackIn(outer, chosen);
  if (detour !== null) {
    const titles = detour.map((node) => titleOf(draft.document, defs, graph, node));
    return { ok: false, code: "cycle", detail: titles.join(" → ") };
  }
  return following(draft, defs, () => {
    const definition = uuid();
    for (const one of everywhere) draft.put(graph, "links", String(one.id), one);
    const stored = takeStored(draft, graph, chosen);
    const cut = crossing(draft, defs, graph, chosen);
    const frames = enclosed(outer, chosen);
    const made = makeDefinition(outer, chosen, cut, frames, bounds, definition, name);
    const info = stored.length === 0 ? made.info : withStored(made.info, stored);
    draft.putGraph(definition, { ...made, info });
    const host = putHost(draft, defs, graph, definition, bounds);
    removeNodes(draft, defs, graph, chosen);
    for (const key of frames) draft.put(graph, "groups", key, null);
    for (const { outerLinks, entry } of cut.inputs) {
      const [from] = endsOf(outerLinks[0]);
      link(draft, defs, graph, from, { node: host, input: String(entry["name"]) });
    }
    cut.outputs.forEach(({ outerLinks }, slot) => {
      for (const one of outerLinks) link(draft, defs, graph, { node: host, slot }, endsOf(one)[1]);
    });
    return { ok: true, host, definition };
  });
}

function withLinks(graph: Graph, more: readonly LinkRecord[]): Graph {
  if (more.length === 0) return graph;
  const all = [...records(graph.links), ...more];
  return { ...graph, links: tableOf(all.map((one) => [String(one.id), one])) };
}

/** A way from the selection through other nodes back into it; null if there is none. */
function wayBackIn(graph: Graph, chosen: ReadonlySet<NodeKey>): readonly NodeKey[] | null {
  const index = linkIndex(graph);
  const outside = new Set([...chosen].flatMap((key) => index.outOf(key).map((one) => one.to)));
  for (const start of outside) {
    if (chosen.has(start)) continue;
    const end = [...reach(graph, start, "down")].find((key) => chosen.has(key));
    if (end === undefined) continue;
    const before = index.allInto(start).find((one) => chosen.has(one.from))?.from ?? end;
    return [before, ...(pathBetween(graph, start, end) ?? [])];
  }
  return null;
}

/** One input or output of the new definition, with the links that went over the edge there. */
interface Crossing {
  readonly entry: JsonObject;
  readonly outerLinks: readonly [LinkRecord, ...LinkRecord[]];
  /** What the links inside are to be. */
  readonly ends: readonly LinkRecord[];
}
interface Cut {
  readonly inputs: readonly Crossing[];
  readonly outputs: readonly Crossing[];
}

/** Links from one output share an input, or an output. */
function crossing(draft: Draft, defs: Defs, graph: GraphId, chosen: ReadonlySet<NodeKey>): Cut {
  const { links } = draft.graph(graph);
  const all = links.ids.flatMap((id) => links.by[id] ?? []);
  const typeOf = (one: LinkRecord) => {
    const type = outputType(draft.document, defs, graph, endsOf(one)[0]);
    return type === ANY ? typeText(one.type) : type;
  };
  const names = { inputs: new Set<string>(), outputs: new Set<string>() };
  const entryFor = (side: "inputs" | "outputs", wanted: string, type: string) => {
    const name = uniqueName(wanted || (type === ANY ? side.slice(0, -1) : type), names[side]);
    names[side].add(name);
    return portEntry(name, type);
  };
  const incoming = byOrigin(all.filter((one) => !chosen.has(one.from) && chosen.has(one.to)));
  const outgoing = byOrigin(all.filter((one) => chosen.has(one.from) && !chosen.has(one.to)));
  return {
    inputs: incoming.map(([first, ...more], slot) => ({
      entry: entryFor("inputs", first.toInput, typeOf(first)),
      outerLinks: [first, ...more],
      ends: [first, ...more].map((one) => ({
        ...one,
        from: BOUNDARY_IN,
        fromSlot: slot,
        rest: without(one.rest, "parentId"),
      })),
    })),
    outputs: outgoing.map(([first, ...more]) => {
      const slot = draft.graph(graph).nodes.by[first.from]?.outputs?.[first.fromSlot];
      const entry = entryFor("outputs", slot?.name ?? "", typeOf(first));
      const inner = { ...first, to: BOUNDARY_OUT, toInput: String(entry["name"]) };
      return {
        entry,
        outerLinks: [first, ...more],
        ends: [{ ...inner, rest: without(first.rest, "parentId") }],
      };
    }),
  };
}

function byOrigin(links: readonly LinkRecord[]): (readonly [LinkRecord, ...LinkRecord[]])[] {
  const groups = new Map<string, [LinkRecord, ...LinkRecord[]]>();
  for (const one of links) {
    const origin = `${one.from}:${one.fromSlot}`;
    const group = groups.get(origin);
    if (group === undefined) groups.set(origin, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

/** Frames with something in them, all of it chosen. */
function enclosed(graph: Graph, chosen: ReadonlySet<NodeKey>): string[] {
  return graph.groups.ids.filter((key) => {
    const { nodes } = membersOf(graph, key);
    return nodes.length > 0 && nodes.every((node) => chosen.has(node));
  });
}

function makeDefinition(
  outer: Graph,
  chosen: ReadonlySet<NodeKey>,
  cut: Cut,
  frames: readonly string[],
  bounds: Rect,
  id: GraphId,
  name: string,
): Graph {
  const inside = outer.links.ids.flatMap((key): LinkRecord[] => {
    const one = outer.links.by[key];
    if (one === undefined || !chosen.has(one.from) || !chosen.has(one.to)) return [];
    return [{ ...one, rest: without(one.rest, "parentId") }];
  });
  const links = [
    ...inside,
    ...cut.inputs.flatMap((one) => one.ends),
    ...cut.outputs.flatMap((one) => one.ends),
  ];
  const middle = centre(bounds)[1];
  const bounding = (x: number, slots: number) => [x, middle - 40 - 10 * slots, 120, 60 + 20 * slots];
  return {
    nodes: tableOf(outer.nodes.ids.flatMap((key) => (chosen.has(key) ? pick(outer.nodes.by, key) : []))),
    links: tableOf(links.map((one) => [String(one.id), one])),
    groups: tableOf(frames.flatMap((key) => pick(outer.groups.by, key))),
    info: {
      id,
      version: 1,
      revision: 0,
      config: {},
      name,
      inputNode: { id: Number(BOUNDARY_IN), bounding: bounding(bounds.x - 180, cut.inputs.length) },
      outputNode: {
        id: Number(BOUNDARY_OUT),
        bounding: bounding(bounds.x + bounds.width + 60, cut.outputs.length),
      },
      inputs: cut.inputs.map((one) => one.entry),
      outputs: cut.outputs.map((one) => one.entry),
      widgets: [],
      extra: {},
    },
  };
}

function pick<R>(by: Readonly<Record<string, R>>, key: string): [string, R][] {
  const record = by[key];
  return record === undefined ? [] : [[key, record]];
}

/** The instance, in the middle of where its nodes were. */
function putHost(draft: Draft, defs: Defs, graph: GraphId, definition: GraphId, bounds: Rect): NodeKey {
  const def = hostDef(draft.document, defs, definition);
  if (def === undefined) throw new Error(`there is no definition ${definition}`);
  const id = nodeIds(draft.graph(graph))();
  const [x, y] = centre(bounds);
  const [width, height] = sizeOf(def);
  const pos = [Math.round(x - width / 2), Math.round(y - (height - TITLE_HEIGHT) / 2)] as const;
  draft.put(graph, "nodes", String(id), freshNode(id, def, pos, true));
  return String(id);
}
