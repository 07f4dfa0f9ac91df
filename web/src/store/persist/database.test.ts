import "fake-indexeddb/auto";
import { deleteDB } from "idb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openShelf } from "./database";
import type { Entry } from "./entries";
import { memoryShelf, numberOf, type Shelf, TakenError } from "./shelf";

const change = (seq: number): Entry => ({
  change: { seq, by: "j", at: 0, how: "do", label: "l", changes: [] },
});
const record = (docId: string, updated: number) => ({
  docId,
  name: null,
  title: null,
  updated,
  isSaved: false,
  isClosed: false,
  path: [],
  revision: 0,
  synced: 0,
});

describe.each([
  ["in IndexedDB", () => openShelf("test")],
  ["in memory", async () => memoryShelf()],
])("the shelf %s", (_, make) => {
  let shelf: Shelf;
  beforeEach(async () => {
    shelf = await make();
  });
  afterEach(async () => {
    shelf.close();
    await deleteDB("test");
  });

  it("keeps the journals of workflows apart and in order", async () => {
    await shelf.append("b", [change(1)]);
    await shelf.append("a", [change(1), change(2)]);
    await shelf.append("a", [change(10)]);
    expect((await shelf.entries("a")).map(numberOf)).toEqual([1, 2, 10]);
    expect((await shelf.entries("a", 1)).map(numberOf)).toEqual([2, 10]);
    await shelf.prune("a", 10);
    expect((await shelf.entries("a")).map(numberOf)).toEqual([10]);
    expect(await shelf.entries("b")).toHaveLength(1);
  });

  it("takes all of a batch or nothing of it", async () => {
    await shelf.append("a", [change(1), change(2)]);
    await expect(shelf.append("a", [change(3), change(2)])).rejects.toBeInstanceOf(TakenError);
    expect((await shelf.entries("a")).map(numberOf)).toEqual([1, 2]);
  });

  it("lists workflows by their last edit and forgets one with its journal", async () => {
    await shelf.putRecord(record("old", 1));
    await shelf.putRecord(record("new", 2));
    await shelf.append("new", [change(1)]);
    expect((await shelf.records()).map(({ docId }) => docId)).toEqual(["new", "old"]);
    await shelf.remove("new");
    expect(await shelf.record("new")).toBeUndefined();
    expect(await shelf.entries("new")).toEqual([]);
  });
});
