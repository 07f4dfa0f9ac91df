/** Edits as data: applied, inverted, kept in the undo history, written to the journal. */
import type { Document, Graph, GraphId, GroupRecord, LinkRecord, NodeRecord } from "./document";
import { type JsonObject, same } from "./json";
import { type OpenTable, opened, set, type Table } from "./table";

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
  const bench = new Bench(document);
  for (const change of changes) bench.take(change);
  return bench.document();
}

/** Where a document is changed. Each table is copied once, however many of its records change. */
class Bench {
  private readonly tables = new Map<GraphId, Map<TableName, OpenTable<Tables[TableName]>>>();

  constructor(private settled: Document) {}

  take(change: Change): void {
    if (change.kind === "record") {
      set(this.open(change.graph, change.table), change.id, change.after, change.at);
      return;
    }
    const graphs = opened(this.document().graphs);
    if (change.kind === "graph") set(graphs, change.id, change.after, change.at);
    else set(graphs, change.graph, { ...graphIn(this.settled, change.graph), info: change.after }, 0);
    this.settled = { ...this.settled, graphs };
  }

  /** A table as it is now, to be read before the next change only. */
  rows<T extends TableName>(graph: GraphId, table: T): Table<Tables[T]> {
    const rows = this.tables.get(graph)?.get(table) ?? graphIn(this.settled, graph)[table];
    return rows as Table<Tables[T]>;
  }

  /** The document as it is now; what is changed from here on does not show in it. */
  document(): Document {
    if (this.tables.size === 0) return this.settled;
    const graphs = opened(this.settled.graphs);
    for (const [id, tables] of this.tables) {
      set(graphs, id, { ...graphIn(this.settled, id), ...Object.fromEntries(tables) }, 0);
    }
    this.tables.clear();
    this.settled = { ...this.settled, graphs };
    return this.settled;
  }

  private open(graph: GraphId, table: TableName): OpenTable<Tables[TableName]> {
    const tables = this.tables.get(graph) ?? new Map<TableName, OpenTable<Tables[TableName]>>();
    const rows = tables.get(table) ?? opened<Tables[TableName]>(graphIn(this.settled, graph)[table]);
    this.tables.set(graph, tables.set(table, rows));
    return rows;
  }
}

function graphIn(document: Document, id: GraphId): Graph {
  const graph = document.graphs.by[id];
  if (graph === undefined) throw new Error(`there is no graph ${id}`);
  return graph;
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
  private readonly bench: Bench;

  constructor(document: Document) {
    this.bench = new Bench(document);
  }

  /** The document with all changes so far. Edits of many records are fastest if it is not asked for in between. */
  get document(): Document {
    return this.bench.document();
  }

  graph(id: GraphId): Graph {
    return graphIn(this.document, id);
  }

  /** One record as it is now. */
  record<T extends TableName>(graph: GraphId, table: T, id: string): Tables[T] | undefined {
    return this.bench.rows(graph, table).by[id];
  }

  /** Write a record; null removes it. New ones go to `at`, or to the end. A record that stays equal is no change. */
  put<T extends TableName>(graph: GraphId, table: T, id: string, after: Tables[T] | null, at?: number): void {
    const rows = this.bench.rows(graph, table);
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
    const { ids, by } = this.document.graphs;
    const before = by[id] ?? null;
    if (before === after) return;
    this.take({ kind: "graph", id, at: before === null ? ids.length : ids.indexOf(id), before, after });
  }

  step(label: string): Step {
    return { label, changes: this.changes };
  }

  private take(change: Change): void {
    this.changes.push(change);
    this.bench.take(change);
  }
}

/** Records hold nothing but plain data. */
function equal(a: object, b: object): boolean {
  return same(a as JsonObject, b as JsonObject);
}
