/** Edits as data: applied, inverted, kept in the undo history, written to the journal. */
import type { Document, Graph, GraphId, GroupRecord, LinkRecord, NodeRecord } from "./document";
import { type JsonObject, same } from "./json";
import { put, type Table } from "./table";

interface Tables {
  nodes: NodeRecord;
  links: LinkRecord;
  groups: GroupRecord;
}
export type TableName = keyof Tables;

/** One record that came, went or became another. `at` is its place in the table's order. */
export interface RecordChange<T extends TableName = TableName> {
  readonly kind: "record";
  readonly graph: GraphId;
  readonly table: T;
  readonly id: string;
  readonly at: number;
  readonly before: Tables[T] | null;
  readonly after: Tables[T] | null;
}
export interface InfoChange {
  readonly kind: "info";
  readonly graph: GraphId;
  readonly before: JsonObject;
  readonly after: JsonObject;
}
/** A subgraph definition that came or went. */
export interface GraphChange {
  readonly kind: "graph";
  readonly id: GraphId;
  readonly at: number;
  readonly before: Graph | null;
  readonly after: Graph | null;
}
export type Change = RecordChange | InfoChange | GraphChange;

/** What one gesture did; undone and redone as one. */
export interface Step {
  /** Key of its name in the message catalogue, for the history. */
  readonly label: string;
  readonly changes: readonly Change[];
}

export function apply(document: Document, changes: readonly Change[]): Document {
  let graphs = document.graphs;
  for (const change of changes) {
    if (change.kind === "graph") {
      graphs = put(graphs, change.id, change.after, change.at);
      continue;
    }
    const graph = graphs.by[change.graph];
    if (graph === undefined) throw new Error(`the change concerns graph ${change.graph}, which is not there`);
    graphs = put(graphs, change.graph, changed(graph, change), 0);
  }
  return graphs === document.graphs ? document : { ...document, graphs };
}

function changed(graph: Graph, change: RecordChange | InfoChange): Graph {
  if (change.kind === "info") return { ...graph, info: change.after };
  const table = put(graph[change.table] as Table<Tables[TableName]>, change.id, change.after, change.at);
  return { ...graph, [change.table]: table };
}

/** The changes that take these back. */
export function inverse(changes: readonly Change[]): Change[] {
  return changes
    .toReversed()
    .map((change) => ({ ...change, before: change.after, after: change.before }) as Change);
}

/** Collects the changes of one gesture while showing their result; what it starts from stays as it is. */
export class Draft {
  readonly changes: Change[] = [];

  constructor(public document: Document) {}

  graph(id: GraphId): Graph {
    const graph = this.document.graphs.by[id];
    if (graph === undefined) throw new Error(`there is no graph ${id}`);
    return graph;
  }

  /** Write a record; null removes it. New ones go to `at`, or to the end. A record that stays equal is no change. */
  put<T extends TableName>(graph: GraphId, table: T, id: string, after: Tables[T] | null, at?: number): void {
    const rows = this.graph(graph)[table] as Table<Tables[T]>;
    const before = rows.by[id] ?? null;
    if (before === after || (before !== null && after !== null && equal(before, after))) return;
    const place = before === null ? (at ?? rows.ids.length) : rows.ids.indexOf(id);
    this.take({ kind: "record", graph, table, id, at: place, before, after } as RecordChange);
  }

  info(graph: GraphId, after: JsonObject): void {
    const before = this.graph(graph).info;
    if (!equal(before, after)) this.take({ kind: "info", graph, before, after });
  }

  putGraph(id: GraphId, after: Graph | null): void {
    const before = this.document.graphs.by[id] ?? null;
    if (before === after) return;
    const { ids } = this.document.graphs;
    this.take({ kind: "graph", id, at: before === null ? ids.length : ids.indexOf(id), before, after });
  }

  step(label: string): Step {
    return { label, changes: this.changes };
  }

  private take(change: Change): void {
    this.changes.push(change);
    this.document = apply(this.document, [change]);
  }
}

/** Records hold nothing but plain data. */
function equal(a: object, b: object): boolean {
  return same(a as JsonObject, b as JsonObject);
}
