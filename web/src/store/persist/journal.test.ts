import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Entry, replay, type State } from "./entries";
import { BATCH_MS, Journal, SNAPSHOT_EVERY } from "./journal";
import { FullError, memoryShelf, numberOf, type Shelf, TakenError } from "./shelf";
import { dropTail, keepTail, readTail } from "./tail";
import { documentOf, nodeAt } from "./testing";

const state = (x: number): State => ({
  document: documentOf(nodeAt(1, x)),
  done: [],
  undone: [],
  name: null,
  title: null,
  home: null,
  isSaved: false,
});
const edit = { how: "do" as const, label: "l", changes: [] };

describe("the journal", () => {
  let shelf: Shelf;
  let x = 0;
  const events = { written: vi.fn(), failed: vi.fn(), taken: vi.fn() };
  const journalOf = (on: Shelf) =>
    new Journal(on, { docId: "d", by: "j", seq: 0, snapshot: 0 }, () => state(x), events);

  beforeEach(() => {
    vi.useFakeTimers();
    vi.clearAllMocks();
    shelf = memoryShelf();
  });
  afterEach(() => vi.useRealTimers());

  it("writes what comes within a moment at once, in at most 50 ms", async () => {
    const append = vi.spyOn(shelf, "append");
    const journal = journalOf(shelf);
    journal.snapshot();
    for (let count = 0; count < 20; count += 1) journal.record(edit);
    expect(append).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(BATCH_MS);
    expect(BATCH_MS).toBeLessThanOrEqual(50);
    expect(append).toHaveBeenCalledTimes(1);
    expect(await shelf.entries("d")).toHaveLength(21);
    expect(events.written).toHaveBeenCalledWith(21);
  });

  it("can be replayed when the page dies between a write and the snapshot that was due", async () => {
    const dying: Shelf = {
      ...shelf,
      append: (docId, entries) =>
        entries.some((entry) => "snapshot" in entry && entry.snapshot.seq > 1)
          ? new Promise(() => undefined)
          : shelf.append(docId, entries),
    };
    const journal = journalOf(dying);
    journal.snapshot();
    for (let count = 1; count < SNAPSHOT_EVERY; count += 1) journal.record(edit);
    await journal.flush();
    journal.record(edit);
    void journal.flush();
    await vi.advanceTimersByTimeAsync(10);
    const entries = await shelf.entries("d");
    expect(replay(entries)).toMatchObject({ seq: SNAPSHOT_EVERY, lost: 0 });
    expect(journal.unwritten().length).toBeGreaterThan(0);
  });

  it("keeps two snapshots and what follows them, no more", async () => {
    const journal = journalOf(shelf);
    journal.snapshot();
    for (let count = 0; count < 5 * SNAPSHOT_EVERY; count += 1) {
      journal.record(edit);
      if (count % 50 === 0) await journal.flush();
    }
    await journal.flush();
    const snapshots = (await shelf.entries("d")).filter((entry) => "snapshot" in entry);
    expect(snapshots).toHaveLength(2);
  });

  it("says that the browser is full, keeps everything, and writes it once there is room", async () => {
    let isFull = true;
    const small: Shelf = {
      ...shelf,
      append: (docId, entries) =>
        isFull ? Promise.reject(new FullError(new Error("quota"))) : shelf.append(docId, entries),
    };
    const journal = journalOf(small);
    journal.snapshot();
    for (let count = 0; count < 450; count += 1) journal.record(edit);
    await vi.advanceTimersByTimeAsync(BATCH_MS);
    expect(events.failed).toHaveBeenCalledWith(expect.any(FullError));
    for (let count = 0; count < 450; count += 1) journal.record(edit);
    expect(journal.unwritten().length).toBeLessThan(2 * SNAPSHOT_EVERY);
    isFull = false;
    x = 7;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(journal.unwritten()).toEqual([]);
    expect(replay(await shelf.entries("d"))).toMatchObject({ seq: journal.last, lost: 0 });
  });

  it("makes room of its own before it says so: what is older than its last snapshot", async () => {
    const journal = journalOf(shelf);
    journal.snapshot();
    await journal.flush();
    journal.record(edit);
    journal.snapshot();
    await journal.flush();
    const append = vi.spyOn(shelf, "append").mockRejectedValueOnce(new FullError(new Error("quota")));
    journal.record(edit);
    await journal.flush();
    expect(append).toHaveBeenCalledTimes(2);
    expect(events.failed).not.toHaveBeenCalled();
    expect((await shelf.entries("d")).map(numberOf)).toEqual([3, 4]);
  });

  it("writes no more once another tab goes on with it", async () => {
    const journal = journalOf(shelf);
    journal.snapshot();
    await journal.flush();
    const other: Entry = { change: { seq: 2, by: "j", at: 0, ...edit } };
    await shelf.append("d", [other]);
    journal.record(edit);
    await journal.flush();
    expect(events.taken).toHaveBeenCalledTimes(1);
    expect(TakenError.name).toBe("TakenError");
    journal.record(edit);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await shelf.entries("d")).toHaveLength(2);
  });
});

describe("the tail", () => {
  it("brings back what the database had no time for", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    } as Storage;
    const entries: Entry[] = [{ change: { seq: 5, by: "j", at: 0, ...edit } }];
    keepTail("d", entries, storage);
    expect(readTail("d", storage)).toEqual(entries);
    expect(readTail("other", storage)).toEqual([]);
    dropTail("d", storage);
    expect(readTail("d", storage)).toEqual([]);
  });
});
