import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { serverDrafts } from "./drafts";
import { type Entry, replay, type State } from "./entries";
import { memoryShelf, type Shelf } from "./shelf";
import { DEBOUNCE_MS, Sync, type SyncState } from "./sync";
import { documentOf, FakeServer, nodeAt } from "./testing";

const state: State = {
  document: documentOf(nodeAt(1)),
  done: [],
  undone: [],
  name: null,
  title: null,
  home: null,
  isSaved: false,
};
const snapshot = (seq: number, by = "j"): Entry => ({ snapshot: { seq, by, at: 0, ...state } });
const change = (seq: number, by = "j"): Entry => ({
  change: { seq, by, at: 0, how: "do", label: "l", changes: [] },
});

describe("syncing with the server", () => {
  let shelf: Shelf;
  let server: FakeServer;
  let states: SyncState[];
  const events = {
    changed: (next: SyncState) => void (states.at(-1) !== next && states.push(next)),
    synced: vi.fn(),
    conflict: vi.fn(),
  };
  const syncOf = (start = { revision: 0, seq: 0 }) =>
    new Sync("d", "j", serverDrafts(server.send), source, start, events);
  const source = { entries: (after: number) => shelf.entries("d", after), name: () => "portrait" };
  const sent = () => server.entries("d");

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.clearAllMocks();
    shelf = memoryShelf();
    server = new FakeServer();
    states = [];
    await shelf.append("d", [snapshot(1), change(2), change(3)]);
  });
  afterEach(() => vi.useRealTimers());

  it("sends a moment after the last edit, once for many", async () => {
    const sync = syncOf();
    for (let count = 0; count < 5; count += 1) {
      sync.poke();
      await vi.advanceTimersByTimeAsync(DEBOUNCE_MS / 2);
    }
    expect(server.requests).toBe(0);
    await vi.advanceTimersByTimeAsync(DEBOUNCE_MS);
    expect(server.requests).toBe(1);
    expect(sent()).toHaveLength(3);
    expect(states).toEqual(["waiting", "kept"]);
    expect(server.kept.get("d")?.name).toBe("portrait");
    expect(events.synced).toHaveBeenLastCalledWith({ revision: 3, seq: 3 });
  });

  it("sends everything once a server that was away is back, and asks less and less often meanwhile", async () => {
    server.isOnline = false;
    const sync = syncOf();
    sync.poke();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(states).toEqual(["waiting", "offline"]);
    expect(server.requests).toBeLessThan(12);
    await shelf.append("d", [change(4)]);
    server.isOnline = true;
    sync.hurry();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent()).toHaveLength(4);
    expect(states.at(-1)).toBe("kept");
  });

  it("goes on after an answer that got lost, without sending anything twice", async () => {
    server.losesAnswer = true;
    const sync = syncOf();
    await sync.flush();
    await shelf.append("d", [change(4)]);
    await sync.flush();
    expect(sent().map((entry) => ("snapshot" in entry ? entry.snapshot.seq : entry.change.seq))).toEqual([
      1, 2, 3, 4,
    ]);
    expect(events.conflict).not.toHaveBeenCalled();
  });

  it("overwrites nothing that somebody else wrote", async () => {
    const sync = syncOf();
    await sync.flush();
    server.append("d", { after: 3, entries: [change(4, "other")] });
    await shelf.append("d", [change(4)]);
    await sync.flush();
    expect(events.conflict).toHaveBeenCalledTimes(1);
    expect(sent()).toHaveLength(4);
    sync.poke();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent()).toHaveLength(4);
  });

  it("starts again with a snapshot where the server has lost the draft", async () => {
    const sync = syncOf();
    await sync.flush();
    server.kept.clear();
    await shelf.append("d", [change(4)]);
    await sync.flush();
    expect(replay(sent())).toMatchObject({ seq: 4, lost: 0 });
  });

  it("sends the last snapshot where the journal has forgotten what the server waits for", async () => {
    const sync = syncOf({ revision: 0, seq: 0 });
    await sync.flush();
    await shelf.append("d", [change(4), snapshot(5), change(6)]);
    await shelf.prune("d", 5);
    await sync.flush();
    expect(replay(sent())).toMatchObject({ seq: 6, lost: 0 });
  });

  it("tells what the server refuses with, and keeps trying", async () => {
    server.refusal = [507, "the disk is full"];
    const changed = vi.spyOn(events, "changed");
    const sync = syncOf();
    await sync.flush();
    expect(changed).toHaveBeenLastCalledWith("refused", "the disk is full");
    server.refusal = null;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(sent()).toHaveLength(3);
    expect(states.at(-1)).toBe("kept");
  });
});
