/**
 * A workflow as the canvas edits it: ComfyUI's UI format, taken apart into tables and nothing thrown away.
 * What a field of a file means that is not named here is kept in `rest` or `info` and written back as it was.
 */
import type { Json, JsonObject } from "./json";
import type { Table } from "./table";

/** `ROOT`, or the id of a subgraph definition. */
export type GraphId = string;
/** A node's id as text; unique within its graph. */
export type NodeKey = string;
export type Point = readonly [number, number];

export const ROOT: GraphId = "root";
/** The two ends of a subgraph, as links name them. */
export const BOUNDARY_IN: NodeKey = "-10";
export const BOUNDARY_OUT: NodeKey = "-20";

export const Mode = { ALWAYS: 0, ON_EVENT: 1, MUTE: 2, ON_TRIGGER: 3, BYPASS: 4 } as const;

/** A socket as in the file, without its links: `name`, `type`, `widget`, `label`, `shape` and what else is there. */
export interface Slot {
  readonly name: string;
  readonly type: Json;
  readonly rest: JsonObject;
}

export interface NodeRecord {
  /** As in the file: a number or a text. */
  readonly id: number | string;
  readonly type: string;
  readonly pos: Point;
  readonly size: Point;
  readonly mode: number;
  readonly title: string | null;
  readonly flags: JsonObject;
  readonly color: string | null;
  readonly bgcolor: string | null;
  /** Sockets as the file has them; those of widgets may be missing until they are linked. Null: no such key. */
  readonly inputs: readonly Slot[] | null;
  readonly outputs: readonly Slot[] | null;
  /** `widgets_values` as in the file; read and written through `widgets.ts`. Undefined is null here. */
  readonly values: Json;
  readonly properties: JsonObject;
  readonly rest: JsonObject;
}

export interface LinkRecord {
  readonly id: number;
  readonly from: NodeKey;
  /** Index of the output; of the definition's input if `from` is `BOUNDARY_IN`. */
  readonly fromSlot: number;
  readonly to: NodeKey;
  /** Name of the input; of the definition's output if `to` is `BOUNDARY_OUT`. */
  readonly toInput: string;
  readonly type: Json;
  /** Such as `parentId`, the native reroute it comes through. */
  readonly rest: JsonObject;
}

export interface GroupRecord {
  readonly title: string;
  /** x, y, width, height. Which nodes belong to it is geometry alone. */
  readonly bounding: readonly [number, number, number, number];
  readonly color: string | null;
  readonly rest: JsonObject;
}

export interface Graph {
  readonly nodes: Table<NodeRecord>;
  readonly links: Table<LinkRecord>;
  /** By a running number of ours: files give groups no dependable id. */
  readonly groups: Table<GroupRecord>;
  /** Every other key of the root object or of the definition: `extra`, `config`, `inputs`, `name`, ... */
  readonly info: JsonObject;
}

/** The root graph under `ROOT` and every subgraph definition under its id, nested ones too. */
export interface Document {
  readonly graphs: Table<Graph>;
}
