/** The links of a graph by their ends, made once per state of its links table. */
import type { Graph, LinkRecord, NodeKey } from "./document";
import type { Table } from "./table";

export interface LinkIndex {
  /** Links into a node, by input name. Input names are unique, so one link each; the first of the table counts. */
  into(node: NodeKey): ReadonlyMap<string, LinkRecord>;
  /** All links into a node, also those that a broken file has too many. */
  allInto(node: NodeKey): readonly LinkRecord[];
  outOf(node: NodeKey): readonly LinkRecord[];
}

export function linkIndex(graph: Graph): LinkIndex {
  let index = INDEXES.get(graph.links);
  if (index === undefined) {
    index = build(graph.links);
    INDEXES.set(graph.links, index);
  }
  return index;
}
const INDEXES = new WeakMap<Table<LinkRecord>, LinkIndex>();
const NO_INPUTS: ReadonlyMap<string, LinkRecord> = new Map();
const NO_LINKS: readonly LinkRecord[] = [];

function build(links: Table<LinkRecord>): LinkIndex {
  const into = new Map<NodeKey, Map<string, LinkRecord>>();
  const all = new Map<NodeKey, LinkRecord[]>();
  const out = new Map<NodeKey, LinkRecord[]>();
  for (const id of links.ids) {
    const link = links.by[id];
    if (link === undefined) continue;
    const inputs = into.get(link.to) ?? new Map<string, LinkRecord>();
    if (!inputs.has(link.toInput)) inputs.set(link.toInput, link);
    into.set(link.to, inputs);
    append(all, link.to, link);
    append(out, link.from, link);
  }
  return {
    into: (node) => into.get(node) ?? NO_INPUTS,
    allInto: (node) => all.get(node) ?? NO_LINKS,
    outOf: (node) => out.get(node) ?? NO_LINKS,
  };
}

function append(lists: Map<NodeKey, LinkRecord[]>, key: NodeKey, link: LinkRecord): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [link]);
  else list.push(link);
}

/** The node and everything it depends on (`up`), or everything that depends on it (`down`). */
export function reach(graph: Graph, start: NodeKey, direction: "up" | "down"): ReadonlySet<NodeKey> {
  const index = linkIndex(graph);
  const seen = new Set([start]);
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const next =
      direction === "down"
        ? index.outOf(node).map((link) => link.to)
        : [...index.into(node).values()].map((link) => link.from);
    for (const other of next) {
      if (seen.has(other)) continue;
      seen.add(other);
      open.push(other);
    }
  }
  return seen;
}

/** The shortest way along links from one node to another, both included; null if there is none. */
export function pathBetween(graph: Graph, from: NodeKey, to: NodeKey): readonly NodeKey[] | null {
  const index = linkIndex(graph);
  const cameFrom = new Map<NodeKey, NodeKey | null>([[from, null]]);
  const queue = [from];
  for (let at = 0; at < queue.length; at += 1) {
    const node = queue[at];
    if (node === undefined) break;
    if (node === to) return wayBack(cameFrom, to);
    for (const link of index.outOf(node)) {
      if (cameFrom.has(link.to)) continue;
      cameFrom.set(link.to, node);
      queue.push(link.to);
    }
  }
  return null;
}

function wayBack(cameFrom: ReadonlyMap<NodeKey, NodeKey | null>, end: NodeKey): NodeKey[] {
  const way: NodeKey[] = [];
  for (let node: NodeKey | null = end; node !== null; node = cameFrom.get(node) ?? null) way.push(node);
  return way.reverse();
}
