/** Where this browser keeps workflows: their records, and the journal of each. */
import type { Entered } from "@/store/editor";
import type { Entry } from "./entries";

/** What lists and restoring need to know of a workflow without replaying it. */
export interface DocRecord {
  readonly docId: string;
  readonly name: string | null;
  readonly title: string | null;
  /** Milliseconds since 1970 of the last edit. */
  readonly updated: number;
  readonly isSaved: boolean;
  /** Shown in no tab any more; kept because it is not saved. */
  readonly isClosed: boolean;
  readonly path: readonly Entered[];
  /** The server's draft: the revision it answered last, and the last entry it has. */
  readonly revision: number;
  readonly synced: number;
}

export interface Shelf {
  /** All of them, the one edited last first. */
  records(): Promise<DocRecord[]>;
  record(docId: string): Promise<DocRecord | undefined>;
  putRecord(record: DocRecord): Promise<void>;
  /** Writes all or nothing. Fails with `TakenError` where an entry of that number is already there. */
  append(docId: string, entries: readonly Entry[]): Promise<void>;
  /** In order. With `after`, those of higher numbers only. */
  entries(docId: string, after?: number): Promise<Entry[]>;
  /** Drops entries below this number. */
  prune(docId: string, below: number): Promise<void>;
  remove(docId: string): Promise<void>;
  close(): void;
}

/** Somebody else wrote to the journal: another tab that could not be heard of. */
export class TakenError extends Error {
  constructor(readonly docId: string) {
    super(`the journal of ${docId} goes on elsewhere`);
    this.name = "TakenError";
  }
}

/** The browser gives no more room. */
export class FullError extends Error {
  constructor(cause: unknown) {
    super("the browser's storage for this page is full", { cause });
    this.name = "FullError";
  }
}

/** For browsers that keep nothing, such as some private windows: the server's drafts still work. */
export function memoryShelf(): Shelf {
  const records = new Map<string, DocRecord>();
  const journals = new Map<string, Map<number, Entry>>();
  const journal = (docId: string) => journals.get(docId) ?? new Map<number, Entry>();
  return {
    records: async () => [...records.values()].sort((a, b) => b.updated - a.updated),
    record: async (docId) => records.get(docId),
    putRecord: async (record) => void records.set(record.docId, record),
    async append(docId, entries) {
      const rows = journal(docId);
      if (entries.some((entry) => rows.has(numberOf(entry)))) throw new TakenError(docId);
      for (const entry of entries) rows.set(numberOf(entry), entry);
      journals.set(docId, rows);
    },
    async entries(docId, after = -1) {
      const rows = [...journal(docId)].filter(([seq]) => seq > after);
      return rows.sort(([a], [b]) => a - b).map(([, entry]) => entry);
    },
    async prune(docId, below) {
      const rows = journal(docId);
      for (const seq of [...rows.keys()]) if (seq < below) rows.delete(seq);
    },
    async remove(docId) {
      records.delete(docId);
      journals.delete(docId);
    },
    close() {},
  };
}

export function numberOf(entry: Entry): number {
  return "snapshot" in entry ? entry.snapshot.seq : entry.change.seq;
}
