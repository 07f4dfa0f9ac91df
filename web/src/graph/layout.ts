/** Automatic layout: sources on the left, results on the right. Load it when it is needed; the library is large. */
import { layout as arrange, Graph as LayeredGraph } from "@dagrejs/dagre";
import { columns, type Edge, STAKE, shortLinks } from "./columns";
import type { Document, Graph, GraphId, NodeKey, Point } from "./document";
import {
  boundsOf,
  boundsOfAll,
  GROUP_PADDING,
  GROUP_TITLE_HEIGHT,
  membersOf,
  type Rect,
  union,
} from "./geometry";

export const COLUMN_GAP = 80;
export const ROW_GAP = 40;
const SMALL = 300;
/** What is linked to nothing stands in rows below, as wide as the rest but at least this wide. */
const LOOSE_WIDTH = 1200;

/**
 * Where nodes should go: all of the graph, or only some. The corner of the frame around them stays where it is, pinned
 * nodes are left out, and a group whose members all move is laid out as one block, so that its frame can follow.
 */
export function layout(
  document: Document,
  graph: GraphId,
  ids?: Iterable<NodeKey>,
): ReadonlyMap<NodeKey, Point> {
  const shown = document.graphs.by[graph];
  const places = new Map<NodeKey, Point>();
  if (shown === undefined) return places;
  const chosen = new Set([...(ids ?? shown.nodes.ids)].filter((key) => isMovable(shown, key)));
  const before = boundsOfAll(shown, chosen);
  if (before === null) return places;
  const whole = arranged(shown, blocksOf(shown, chosen));
  for (const [key, { x, y }] of whole.at) {
    const node = shown.nodes.by[key];
    // The body lies below the title for all nodes but reroutes.
    const title = node === undefined ? 0 : node.pos[1] - boundsOf(node).y;
    places.set(key, [Math.round(before.x + x), Math.round(before.y + y + title)]);
  }
  return places;
}

function isMovable(graph: Graph, key: NodeKey): boolean {
  const node = graph.nodes.by[key];
  return node !== undefined && node.flags["pinned"] !== true;
}

/** A node, or a group with what lies in it. */
interface Block {
  readonly id: string;
  readonly nodes: readonly NodeKey[];
  readonly inside: readonly Block[] | null;
}

/** Groups as blocks of blocks. A group holds those nodes that are in no smaller one. */
function blocksOf(graph: Graph, chosen: ReadonlySet<NodeKey>): Block[] {
  const groups = graph.groups.ids
    .map((id) => ({ id, nodes: membersOf(graph, id).nodes, area: areaOf(graph, id) }))
    .filter(({ nodes }) => nodes.length > 0 && nodes.every((key) => chosen.has(key)))
    .sort((a, b) => a.area - b.area);
  const top = new Map<string, Block>();
  for (const key of chosen) top.set(key, { id: key, nodes: [key], inside: null });
  const blockOf = new Map<NodeKey, string>([...chosen].map((key) => [key, key]));
  for (const { id, nodes } of groups) {
    const parts = new Set(nodes.map((key) => blockOf.get(key) ?? key));
    const inside = [...parts].flatMap((part) => top.get(part) ?? []);
    // Frames that overlap cannot both be blocks; the smaller one is.
    const held = inside.flatMap((block) => block.nodes);
    if (held.some((key) => !nodes.includes(key))) continue;
    for (const part of parts) top.delete(part);
    const block = { id: `group ${id}`, nodes: held, inside };
    top.set(block.id, block);
    for (const key of held) blockOf.set(key, block.id);
  }
  return [...top.values()];
}

function areaOf(graph: Graph, id: string): number {
  const [, , width, height] = graph.groups.by[id]?.bounding ?? [0, 0, 0, 0];
  return width * height;
}

/** Nodes with the corners of their frames, from (0, 0), and the size of it all. */
interface Arranged {
  readonly at: ReadonlyMap<NodeKey, { readonly x: number; readonly y: number }>;
  readonly width: number;
  readonly height: number;
}

function arranged(graph: Graph, blocks: readonly Block[]): Arranged {
  const parts = new Map(blocks.map((block) => [block.id, partOf(graph, block)]));
  const blockOf = new Map(blocks.flatMap((block) => block.nodes.map((key) => [key, block.id] as const)));
  const edges = edgesOf(graph, blockOf);
  const linked = new Set(edges.flat());
  const corners = layered(parts, linked, edges);
  const size = union([...corners].map(([id, at]) => ({ ...at, ...sizeIn(parts, id) })));
  inRows(
    parts,
    corners,
    Math.max(LOOSE_WIDTH, size?.width ?? 0),
    size === null ? 0 : size.height + 2 * ROW_GAP,
  );
  const at = new Map<NodeKey, { x: number; y: number }>();
  for (const [id, corner] of corners) {
    for (const [key, { x, y }] of parts.get(id)?.at ?? []) at.set(key, { x: corner.x + x, y: corner.y + y });
  }
  const all = union([...corners].map(([id, corner]): Rect => ({ ...corner, ...sizeIn(parts, id) })));
  return { at, width: all?.width ?? 0, height: all?.height ?? 0 };
}

function partOf(graph: Graph, block: Block): Arranged {
  if (block.inside === null) {
    const node = graph.nodes.by[block.id];
    const { width, height } = node === undefined ? { width: 0, height: 0 } : boundsOf(node);
    return { at: new Map([[block.id, { x: 0, y: 0 }]]), width, height };
  }
  const inner = arranged(graph, block.inside);
  const at = [...inner.at].map(
    ([key, { x, y }]) => [key, { x: x + GROUP_PADDING, y: y + GROUP_PADDING + GROUP_TITLE_HEIGHT }] as const,
  );
  return {
    at: new Map(at),
    width: inner.width + 2 * GROUP_PADDING,
    height: inner.height + 2 * GROUP_PADDING + GROUP_TITLE_HEIGHT,
  };
}

function sizeIn(parts: ReadonlyMap<string, Arranged>, id: string): { width: number; height: number } {
  const part = parts.get(id);
  return { width: part?.width ?? 0, height: part?.height ?? 0 };
}

/** Links between blocks, each pair once. */
function edgesOf(graph: Graph, blockOf: ReadonlyMap<NodeKey, string>): Edge[] {
  const edges = new Map<string, Edge>();
  for (const id of graph.links.ids) {
    const link = graph.links.by[id];
    const [from, to] = [blockOf.get(link?.from ?? ""), blockOf.get(link?.to ?? "")];
    if (from !== undefined && to !== undefined && from !== to) edges.set(`${from}\n${to}`, [from, to]);
  }
  return [...edges.values()];
}

function layered(
  parts: ReadonlyMap<string, Arranged>,
  linked: ReadonlySet<string>,
  edges: readonly Edge[],
): Map<string, { x: number; y: number }> {
  const graph = new LayeredGraph();
  const column = parts.size > SMALL ? columns(edges) : null;
  const spans = column === null ? edges.map((edge) => ({ edge, span: 1 })) : shortLinks(edges, column);
  // The better ranking takes too long for large graphs, and has nothing to do where the columns are known.
  const ranker = parts.size > SMALL ? "tight-tree" : "network-simplex";
  graph.setGraph({ rankdir: "LR", ranksep: COLUMN_GAP, nodesep: ROW_GAP, edgesep: 10, ranker });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [id, { width, height }] of parts) if (linked.has(id)) graph.setNode(id, { width, height });
  if (spans.some(({ edge }) => edge[0] === STAKE)) graph.setNode(STAKE, { width: 0, height: 0 });
  for (const { edge, span } of spans) graph.setEdge(edge[0], edge[1], { minlen: span });
  arrange(graph);
  const corners = new Map<string, { x: number; y: number }>();
  for (const id of graph.nodes()) {
    if (id === STAKE) continue;
    const { x, y } = graph.node(id);
    const { width, height } = sizeIn(parts, id);
    corners.set(id, { x: (x ?? 0) - width / 2, y: (y ?? 0) - height / 2 });
  }
  return corners;
}

/** What is not placed yet, in rows from `top` down. */
function inRows(
  parts: ReadonlyMap<string, Arranged>,
  corners: Map<string, { x: number; y: number }>,
  width: number,
  top: number,
): void {
  let [x, y, row] = [0, top, 0];
  for (const [id, part] of parts) {
    if (corners.has(id)) continue;
    if (x > 0 && x + part.width > width) [x, y, row] = [0, y + row + ROW_GAP, 0];
    corners.set(id, { x, y });
    x += part.width + ROW_GAP;
    row = Math.max(row, part.height);
  }
}
