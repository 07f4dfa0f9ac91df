/** The shelf in IndexedDB. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Entry } from "./entries";
import { type DocRecord, FullError, numberOf, type Shelf, TakenError } from "./shelf";

interface Schema extends DBSchema {
  documents: { key: string; value: DocRecord };
  /** By document and number of the entry. */
  journal: { key: [string, number]; value: { docId: string; seq: number; entry: Entry } };
}

export async function openShelf(name = "darkroom"): Promise<Shelf> {
  const database = await openDB<Schema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore("documents", { keyPath: "docId" });
      fresh.createObjectStore("journal", { keyPath: ["docId", "seq"] });
    },
    // A newer page wants another form of it: let it, this page writes no more until it is loaded again.
    blocking: (_current, _wanted, event) => {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
  return shelfIn(database);
}

function shelfIn(database: IDBPDatabase<Schema>): Shelf {
  const range = (docId: string, from: number, to = Number.MAX_SAFE_INTEGER) =>
    IDBKeyRange.bound([docId, from], [docId, to]);
  return {
    async records() {
      const all = await database.getAll("documents");
      return all.sort((a, b) => b.updated - a.updated);
    },
    record: (docId) => database.get("documents", docId),
    putRecord: (record) => said(record.docId, database.put("documents", record)),
    async append(docId, entries) {
      const transaction = database.transaction("journal", "readwrite");
      const writes = entries.map((entry) => transaction.store.add({ docId, seq: numberOf(entry), entry }));
      // The first to fail says why; the others, and the transaction, only that it was given up.
      const outcomes = Promise.allSettled([...writes, transaction.done]);
      await said(
        docId,
        Promise.all(writes).then(() => transaction.done),
      );
      await outcomes;
    },
    async entries(docId, after = -1) {
      const rows = await database.getAll("journal", range(docId, after + 1));
      return rows.map(({ entry }) => entry);
    },
    prune: (docId, below) => said(docId, database.delete("journal", range(docId, 0, below - 1))),
    async remove(docId) {
      const transaction = database.transaction(["documents", "journal"], "readwrite");
      await Promise.all([
        transaction.objectStore("documents").delete(docId),
        transaction.objectStore("journal").delete(range(docId, 0)),
        transaction.done,
      ]);
    },
    close: () => database.close(),
  };
}

/** Names the two failures there is something to be done about. */
async function said(docId: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const name = error instanceof Error || error instanceof DOMException ? error.name : "";
    if (name === "ConstraintError") throw new TakenError(docId);
    if (name === "QuotaExceededError") throw new FullError(error);
    throw error;
  }
}
