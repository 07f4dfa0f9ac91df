/** Nodes as React Flow takes them. It only ever hears of those that are mounted. */
import type { Node } from "@xyflow/react";
import type { NodeDef } from "@/graph/defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Graph,
  type GraphId,
  type NodeKey,
  type NodeRecord,
  type Point,
} from "@/graph/document";
import { isNote, REROUTE } from "@/graph/kinds";
import { addressOf } from "@/store/address";
import type { Entered } from "@/store/editor";
import { boundaryShape } from "./model/boundary";
import { classOf } from "./model/classOf";
import { type Ends, endsOf, NO_ENDS } from "./model/ends";
import { cornerOf, shapeOf } from "./model/shape";
import type { shown } from "./useShown";

export interface NodeData extends Record<string, unknown> {
  readonly key: NodeKey;
  readonly graph: GraphId;
  readonly record: NodeRecord;
  readonly def: NodeDef | undefined;
  readonly ends: Ends;
  readonly address: string;
  readonly isHost: boolean;
}
export interface BoundaryData extends Record<string, unknown> {
  readonly key: NodeKey;
  readonly graph: Graph;
  readonly ends: Ends;
}
export type Item = Node<NodeData, "node" | "note" | "reroute"> | Node<BoundaryData, "boundary">;

export interface Moves {
  readonly moved: ReadonlyMap<NodeKey, Point> | null;
  readonly sizes: ReadonlyMap<NodeKey, Point> | null;
}

/** The items of the mounted nodes; those that stayed the same are the same objects as before. */
export function itemsOf(
  { id, graph, document, defs, path, selection }: ReturnType<typeof shown>,
  mounted: ReadonlySet<NodeKey>,
  { moved, sizes }: Moves,
  before: ReadonlyMap<NodeKey, Item>,
): Item[] {
  const ends = endsOf(graph);
  const items: Item[] = [];
  for (const key of [BOUNDARY_IN, BOUNDARY_OUT]) {
    const item = boundary(graph, key, ends.get(key) ?? NO_ENDS, moved?.get(key), before.get(key));
    if (item !== null) items.push(item);
  }
  graph.nodes.ids.forEach((key, index) => {
    const found = mounted.has(key) ? graph.nodes.by[key] : undefined;
    if (found === undefined) return;
    const size = sizes?.get(key);
    const record = size === undefined ? found : resized(found, size);
    const isSelected = selection.has(key);
    const z = index + (isSelected ? 100_000 : 10);
    const at = cornerOf(record, moved?.get(key));
    const def = classOf(document, defs, graph, key, record);
    const own = ends.get(key) ?? NO_ENDS;
    const isHost = document.graphs.by[record.type] !== undefined;
    const old = before.get(key);
    if (old !== undefined && old.type !== "boundary") {
      const { data } = old;
      const isSameData =
        data.record === record &&
        data.def === def &&
        data.ends === own &&
        data.graph === id &&
        data.isHost === isHost &&
        data.address === addressOf(key, path);
      const isSamePlace = old.position.x === at[0] && old.position.y === at[1];
      if (isSameData && isSamePlace && old.zIndex === z && old.selected === isSelected) {
        items.push(old);
        return;
      }
      if (isSameData) {
        items.push({ ...old, position: { x: at[0], y: at[1] }, zIndex: z, selected: isSelected });
        return;
      }
    }
    items.push(make(key, id, record, def, own, isHost, at, z, isSelected, path));
  });
  return items;
}

function make(
  key: NodeKey,
  graph: GraphId,
  record: NodeRecord,
  def: NodeDef | undefined,
  ends: Ends,
  isHost: boolean,
  at: Point,
  zIndex: number,
  selected: boolean,
  path: readonly Entered[],
): Item {
  const shape = shapeOf(record, def);
  return {
    id: key,
    type: record.type === REROUTE ? "reroute" : isNote(record.type) ? "note" : "node",
    position: { x: at[0], y: at[1] },
    data: { key, graph, record, def, ends, isHost, address: addressOf(key, path) },
    measured: { width: shape.width, height: shape.height },
    handles: [],
    zIndex,
    selected,
    draggable: record.flags["pinned"] !== true,
    ariaRole: "group",
  };
}

function boundary(
  graph: Graph,
  key: NodeKey,
  ends: Ends,
  moved: Point | undefined,
  old: Item | undefined,
): Item | null {
  const shape = boundaryShape(graph, key);
  if (shape === null) return null;
  const [x, y] = moved ?? shape.corner;
  if (old?.type === "boundary" && old.data.graph === graph && old.data.ends === ends) {
    return old.position.x === x && old.position.y === y ? old : { ...old, position: { x, y } };
  }
  return {
    id: key,
    type: "boundary",
    position: { x, y },
    data: { key, graph, ends },
    measured: { width: shape.width, height: shape.height },
    handles: [],
    zIndex: 5,
    ariaRole: "group",
  };
}

/** While a node is resized its record is made up; kept, so that each size is laid out once. */
const RESIZED = new WeakMap<NodeRecord, NodeRecord>();

function resized(record: NodeRecord, size: Point): NodeRecord {
  const known = RESIZED.get(record);
  if (known?.size === size) return known;
  const made = { ...record, size };
  RESIZED.set(record, made);
  return made;
}
