/** Copying and pasting. What lies on the clipboard is a workflow file of its own, so other programs can read it. */
import type { Draft } from "../change";
import { canConnect, type InputEnd, type OutputEnd } from "../connect";
import type { Defs } from "../defs";
import {
  type Document,
  type Graph,
  type GraphId,
  type LinkRecord,
  type NodeKey,
  type Point,
  ROOT,
} from "../document";
import { read } from "../formats/read";
import { write } from "../formats/write";
import { boundsOfAll, centre } from "../geometry";
import { definitionsInside } from "../hosts";
import { groupKey, linkIds, nodeIds } from "../ids";
import { isObject, type Json, type JsonObject, without } from "../json";
import { tableOf } from "../table";
import { following } from "./follow";
import { link } from "./links";
import { mergeDefinitions } from "./merge";
import { wouldContainItself } from "./nodes";

/** Marks the text as ours, and holds what a workflow file does not: the links that came from outside. */
const MARK = "darkroomClipboard";

/** The text for the clipboard: nodes with the links among them, frames, and the definitions they need. */
export function copy(
  document: Document,
  graph: GraphId,
  nodes: Iterable<NodeKey>,
  groups: Iterable<string> = [],
): string {
  const shown = document.graphs.by[graph];
  if (shown === undefined) throw new Error(`there is no graph ${graph}`);
  const [chosen, frames] = [new Set(nodes), new Set(groups)];
  const links = shown.links.ids.flatMap((id) => shown.links.by[id] ?? []).filter((one) => chosen.has(one.to));
  const inside = links.filter((one) => chosen.has(one.from));
  const part: Graph = {
    nodes: tableOf(shown.nodes.ids.flatMap((key) => entry(shown.nodes.by, key, chosen))),
    links: tableOf(inside.map((one) => [String(one.id), { ...one, rest: without(one.rest, "parentId") }])),
    groups: tableOf(shown.groups.ids.flatMap((key) => entry(shown.groups.by, key, frames))),
    info: {},
  };
  const definitions = entriesOf(document).filter(([id]) => id !== ROOT);
  const whole: Document = { graphs: tableOf([[ROOT, part], ...definitions]) };
  const needed = definitionsInside(whole, ROOT);
  const incoming = links.filter((one) => !chosen.has(one.from)).map((one) => incomingJson(shown, one));
  const file = write({ graphs: tableOf([[ROOT, part], ...definitions.filter(([id]) => needed.has(id))]) });
  return JSON.stringify({ ...file, [MARK]: { version: 1, graph, incoming } });
}

function entry<R>(by: Readonly<Record<string, R>>, key: string, wanted: ReadonlySet<string>): [string, R][] {
  const record = by[key];
  return record === undefined || !wanted.has(key) ? [] : [[key, record]];
}

/** A link from outside. The type of the node there tells later whether it is still the same one. */
function incomingJson(graph: Graph, one: LinkRecord): JsonObject {
  const type = graph.nodes.by[one.from]?.type ?? null;
  return { from: one.from, type, slot: one.fromSlot, to: one.to, input: one.toInput };
}

/** Whether a text was made by `copy`. */
export function isClip(text: string): boolean {
  return text.startsWith("{") && text.includes(`"${MARK}"`) && parsed(text)?.[MARK] !== undefined;
}

export interface PasteOptions {
  /** Where the middle of what is pasted goes; without it, beside where it was copied. */
  readonly at?: Point;
  /** Link inputs to what fed the originals, where that is still there. */
  readonly connect?: boolean;
}

/** `containsItself`: a subgraph would be pasted into itself. */
export type PasteResult =
  | { readonly ok: true; readonly nodes: readonly NodeKey[]; readonly groups: readonly string[] }
  | { readonly ok: false; readonly code: "notAClip" | "containsItself" };

const BESIDE: Point = [24, 24];

/** Paste what `copy` gave, or any workflow file. */
export function paste(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  text: string,
  options: PasteOptions = {},
): PasteResult {
  const file = parsed(text);
  const clip = file === null || !Array.isArray(file["nodes"]) ? null : documentOf(file, defs);
  const part = clip?.graphs.by[ROOT];
  if (file === null || clip === null || part === undefined) return { ok: false, code: "notAClip" };
  const merged = mergeDefinitions(draft.document, clip);
  // An instance of what is being edited, or of what contains it, may come from this very workflow.
  const probe: Document = { graphs: tableOf([...entriesOf(draft.document), ...merged.added]) };
  const types = part.nodes.ids.map((key) => typeIn(part, key, merged.renamed));
  if (types.some((type) => wouldContainItself(probe, graph, type)))
    return { ok: false, code: "containsItself" };
  return following(draft, defs, () => {
    for (const [id, definition] of merged.added) draft.putGraph(id, definition);
    const keys = putNodes(draft, graph, part, merged.renamed, shiftOf(part, options.at));
    const groups = putGroups(draft, graph, part, shiftOf(part, options.at));
    if (options.connect === true) connect(draft, defs, graph, incomingOf(file), keys);
    return { ok: true, nodes: [...keys.values()], groups };
  });
}

/** Copies beside the originals, with the links among them. */
export function duplicate(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  nodes: Iterable<NodeKey>,
  groups: Iterable<string> = [],
  options: PasteOptions = {},
): PasteResult {
  return paste(draft, defs, graph, copy(draft.document, graph, nodes, groups), options);
}

function parsed(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function documentOf(file: JsonObject, defs: Defs): Document | null {
  try {
    return read(without(file, MARK), defs).document;
  } catch {
    return null;
  }
}

function entriesOf(document: Document): [GraphId, Graph][] {
  return document.graphs.ids.flatMap((id) => {
    const graph = document.graphs.by[id];
    return graph === undefined ? [] : [[id, graph]];
  });
}

function typeIn(part: Graph, key: NodeKey, renamed: ReadonlyMap<GraphId, GraphId>): string {
  const type = part.nodes.by[key]?.type ?? "";
  return renamed.get(type) ?? type;
}

function shiftOf(part: Graph, at: Point | undefined): Point {
  const bounds = boundsOfAll(part, part.nodes.ids, part.groups.ids);
  if (at === undefined || bounds === null) return BESIDE;
  const [x, y] = centre(bounds);
  return [Math.round(at[0] - x), Math.round(at[1] - y)];
}

function putNodes(
  draft: Draft,
  graph: GraphId,
  part: Graph,
  renamed: ReadonlyMap<GraphId, GraphId>,
  [dx, dy]: Point,
): Map<NodeKey, NodeKey> {
  const keys = new Map<NodeKey, NodeKey>();
  const nextNode = nodeIds(draft.graph(graph));
  for (const key of part.nodes.ids) {
    const node = part.nodes.by[key];
    if (node === undefined) continue;
    const id = nextNode();
    keys.set(key, String(id));
    const pos: Point = [node.pos[0] + dx, node.pos[1] + dy];
    const flags = without(node.flags, "pinned");
    draft.put(graph, "nodes", String(id), { ...node, id, pos, flags, type: typeIn(part, key, renamed) });
  }
  const nextLink = linkIds(draft.graph(graph));
  for (const one of part.links.ids.flatMap((id) => part.links.by[id] ?? [])) {
    const [from, to] = [keys.get(one.from), keys.get(one.to)];
    if (from === undefined || to === undefined) continue;
    const id = nextLink();
    draft.put(graph, "links", String(id), { ...one, id, from, to });
  }
  return keys;
}

function putGroups(draft: Draft, graph: GraphId, part: Graph, [dx, dy]: Point): string[] {
  return part.groups.ids.flatMap((id) => {
    const group = part.groups.by[id];
    if (group === undefined) return [];
    const key = groupKey(draft.graph(graph));
    const [x, y, width, height] = group.bounding;
    draft.put(graph, "groups", key, { ...group, bounding: [x + dx, y + dy, width, height] });
    return [key];
  });
}

interface Incoming {
  readonly from: OutputEnd;
  readonly type: Json;
  readonly to: InputEnd;
}

function incomingOf(file: JsonObject): Incoming[] {
  const mark = file[MARK];
  const listed = isObject(mark) ? mark["incoming"] : undefined;
  return (Array.isArray(listed) ? listed : []).flatMap((one) => {
    if (!isObject(one)) return [];
    const { from, type, slot, to, input } = one;
    if (typeof from !== "string" || typeof slot !== "number") return [];
    if (typeof to !== "string" || typeof input !== "string") return [];
    return [{ from: { node: from, slot }, type: type ?? null, to: { node: to, input } }];
  });
}

function connect(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  incoming: readonly Incoming[],
  keys: ReadonlyMap<NodeKey, NodeKey>,
): void {
  for (const { from, type, to } of incoming) {
    const node = keys.get(to.node);
    const source = draft.graph(graph).nodes.by[from.node]?.type ?? null;
    if (node === undefined || source !== type) continue;
    const end = { node, input: to.input };
    if (canConnect(draft.document, defs, graph, from, end).ok) link(draft, defs, graph, from, end);
  }
}
