/** Adding, removing, moving and dressing nodes. */

import { passedInput } from "../bypass";
import type { Draft } from "../change";
import { canConnect } from "../connect";
import type { Defs, NodeDef } from "../defs";
import { type GraphId, Mode, type NodeKey, type NodeRecord, type Point } from "../document";
import { sizeOf } from "../geometry";
import { definitionsInside, defOf } from "../hosts";
import { nodeIds, rememberingNodeId, wholeNumber } from "../ids";
import { without } from "../json";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { countedInputs, socketsOf } from "../sockets";
import { ANY, typeText } from "../types";
import { freshValues } from "../widgets";
import { following } from "./follow";
import { endsOf, link, remove } from "./links";
import { forgetNodes } from "./reroutes";
import { change, inputSlots, outputSlots } from "./slots";

/**
 * Add a node of a class, or an instance of a subgraph (with its `hostDef`). Returns its key. A subgraph is not put
 * into itself: that throws; `wouldContainItself` tells before.
 */
export function addNode(draft: Draft, graph: GraphId, def: NodeDef, at: Point): NodeKey {
  if (wouldContainItself(draft.document, graph, def.name)) {
    throw new Error(`${def.title} cannot be put into itself`);
  }
  const id = nodeIds(draft.graph(graph))();
  draft.put(graph, "nodes", String(id), freshNode(id, def, at, isHost(draft.document, def.name)));
  return String(id);
}

export function freshNode(id: number | string, def: NodeDef, at: Point, isHost = false): NodeRecord {
  return {
    id,
    type: def.name,
    pos: at,
    size: sizeOf(def),
    mode: Mode.ALWAYS,
    title: null,
    flags: {},
    color: null,
    bgcolor: null,
    inputs: inputSlots(def),
    outputs: outputSlots(def),
    values: freshValues(def),
    properties: isHost ? {} : { "Node name for S&R": def.name },
    rest: {},
  };
}

/** Whether an instance of the type in this graph would make a subgraph contain itself. */
export function wouldContainItself(document: Draft["document"], graph: GraphId, type: string): boolean {
  return isHost(document, type) && (type === graph || definitionsInside(document, type).has(graph));
}

export interface RemoveOptions {
  /** Connect what nodes were fed by with what they fed, as if they were bypassed. */
  readonly reconnect?: boolean;
}

/** Remove nodes with their links. Definitions stay, also without instances: `collectDefinitions` drops those. */
export function removeNodes(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  keys: Iterable<NodeKey>,
  options: RemoveOptions = {},
): void {
  const { nodes } = draft.graph(graph);
  const gone = new Set([...keys].filter((key) => nodes.by[key] !== undefined));
  if (gone.size === 0) return;
  following(draft, defs, () => {
    if (options.reconnect === true) for (const key of gone) bridge(draft, defs, graph, key);
    const index = linkIndex(draft.graph(graph));
    const links = new Set([...gone].flatMap((key) => [...index.allInto(key), ...index.outOf(key)]));
    remove(draft, graph, [...links]);
    forgetNodes(draft, graph, gone);
    let highest = 0;
    for (const key of gone) {
      draft.put(graph, "nodes", key, null);
      highest = Math.max(highest, wholeNumber(key));
    }
    draft.info(graph, rememberingNodeId(draft.graph(graph), highest));
  });
}

/** Link what a node feeds to what it would pass on. */
function bridge(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey): void {
  const node = draft.graph(graph).nodes.by[key];
  if (node === undefined) return;
  const def = defOf(draft.document, defs, node);
  const inputs = countedInputs(node, def, isHost(draft.document, node.type));
  const { outputs } = socketsOf(node, def);
  for (const old of linkIndex(draft.graph(graph)).outOf(key)) {
    const given = outputs[old.fromSlot]?.type ?? ANY;
    const passed = passedInput(inputs, old.fromSlot, given, typeText(old.type));
    const source = passed && linkIndex(draft.graph(graph)).into(key).get(passed.name);
    if (source === undefined) continue;
    const [from] = endsOf(source);
    const [, to] = endsOf(old);
    if (canConnect(draft.document, defs, graph, from, to).ok) link(draft, defs, graph, from, to);
  }
}

/** Put nodes where they are to be. Pinned ones stay. */
export function move(draft: Draft, graph: GraphId, places: ReadonlyMap<NodeKey, Point>): void {
  change(draft, graph, places.keys(), (node, key) => {
    const pos = places.get(key);
    return pos === undefined || isPinned(node) ? node : { ...node, pos };
  });
}

export function moveBy(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, [dx, dy]: Point): void {
  change(draft, graph, keys, (node) =>
    isPinned(node) ? node : { ...node, pos: [node.pos[0] + dx, node.pos[1] + dy] },
  );
}

export function resize(draft: Draft, graph: GraphId, key: NodeKey, size: Point, pos?: Point): void {
  change(draft, graph, [key], (node) => ({ ...node, size, pos: pos ?? node.pos }));
}

/** An empty title is that of the class again. */
export function rename(draft: Draft, graph: GraphId, key: NodeKey, title: string | null): void {
  change(draft, graph, [key], (node) => ({ ...node, title: title?.trim() || null }));
}

export function setCollapsed(
  draft: Draft,
  graph: GraphId,
  keys: Iterable<NodeKey>,
  collapsed: boolean,
): void {
  setFlag(draft, graph, keys, "collapsed", collapsed);
}

export function setPinned(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, pinned: boolean): void {
  setFlag(draft, graph, keys, "pinned", pinned);
}

export function isPinned(node: NodeRecord): boolean {
  return node.flags["pinned"] === true;
}

function setFlag(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, flag: string, on: boolean): void {
  change(draft, graph, keys, (node) => ({
    ...node,
    flags: on ? { ...node.flags, [flag]: true } : without(node.flags, flag),
  }));
}

export interface Colours {
  readonly color: string | null;
  readonly bgcolor: string | null;
}

export function setColour(
  draft: Draft,
  graph: GraphId,
  keys: Iterable<NodeKey>,
  { color, bgcolor }: Colours,
): void {
  change(draft, graph, keys, (node) => ({ ...node, color, bgcolor }));
}

/** Draw nodes above all others, or below; their order among themselves stays. */
export function reorder(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, to: "front" | "back"): void {
  const { nodes } = draft.graph(graph);
  const wanted = new Set(keys);
  const chosen = nodes.ids.filter((id) => wanted.has(id));
  const isThere = to === "front" ? nodes.ids.slice(-chosen.length) : nodes.ids.slice(0, chosen.length);
  if (chosen.every((id, index) => id === isThere[index])) return;
  chosen.forEach((id, index) => {
    const node = nodes.by[id];
    if (node === undefined) return;
    draft.put(graph, "nodes", id, null);
    draft.put(graph, "nodes", id, node, to === "front" ? undefined : index);
  });
}

/** Set a property of nodes; undefined takes it away. */
export function setProperty(
  draft: Draft,
  graph: GraphId,
  keys: Iterable<NodeKey>,
  name: string,
  value: NodeRecord["values"] | undefined,
): void {
  change(draft, graph, keys, (node) => ({
    ...node,
    properties: value === undefined ? without(node.properties, name) : { ...node.properties, [name]: value },
  }));
}
