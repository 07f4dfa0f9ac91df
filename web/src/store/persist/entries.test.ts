import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { EMPTY, open, perform, redo, undo, useEditor, watchChanges } from "@/store/editor";
import { type Entry, replay, type State } from "./entries";
import { Journal, SNAPSHOT_EVERY } from "./journal";
import { memoryShelf } from "./shelf";
import { type Act, acts, documentOf, edit, nodeAt } from "./testing";

const silent = { written() {}, failed() {}, taken() {} };

function stateNow(): State {
  const { document, saved, done, undone, name } = useEditor.getState();
  return { document, done, undone, name, title: null, home: null, isSaved: document === saved };
}

/** Plays the acts in the editor. Returns the journal's entries, and what was on screen after each. */
async function play(list: readonly Act[]): Promise<{ entries: Entry[]; seen: State[] }> {
  open({ docId: "d", name: "portrait", document: documentOf(nodeAt(1)) });
  const shelf = memoryShelf();
  const start = { docId: "d", by: "j", seq: 0, snapshot: 0 };
  const journal = new Journal(shelf, start, stateNow, silent);
  journal.snapshot();
  const seen: State[] = [stateNow()];
  const stop = watchChanges((changes, label, how) => {
    journal.record({ changes, label, how });
    while (seen.length < journal.last) seen.push(stateNow());
  });
  for (const act of list) {
    if (act.kind === "undo") undo();
    else if (act.kind === "redo") redo();
    else perform(`steps:${act.kind}`, (draft) => edit(draft, act));
  }
  stop();
  await journal.end();
  return { entries: await shelf.entries("d"), seen };
}

const shown = (state: Pick<State, "document" | "done" | "undone"> | null | undefined) =>
  JSON.stringify(state && [state.document, state.done, state.undone]);

describe("replay", () => {
  beforeEach(() => {
    vi.useRealTimers();
    open({ docId: "", name: null, document: EMPTY });
  });

  it("gives what was on screen, whatever was done, and after every single entry", async () => {
    await fc.assert(
      fc.asyncProperty(acts(60), async (list) => {
        const { entries, seen } = await play(list);
        for (let count = 1; count <= entries.length; count += 1) {
          expect(shown(replay(entries.slice(0, count)))).toBe(shown(seen[count - 1]));
        }
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  it("gives the same from any snapshot, over hundreds of steps", async () => {
    const list: Act[] = Array.from({ length: 650 }, (_, index) =>
      index % 7 === 6 ? { kind: "undo" } : { kind: "put", id: 1 + (index % 5), x: index },
    );
    const { entries, seen } = await play(list);
    expect(entries.filter((entry) => "snapshot" in entry).length).toBeLessThanOrEqual(3);
    const restored = replay(entries);
    expect(JSON.stringify(restored?.document)).toBe(JSON.stringify(seen.at(-1)?.document));
    expect(restored?.done.length).toBeGreaterThanOrEqual(200);
    expect(restored?.done.slice(-200)).toEqual(seen.at(-1)?.done.slice(-200));
    expect(entries.length).toBeLessThan(3 * SNAPSHOT_EVERY + 3);
  });

  it("stops before a gap and counts what is lost behind it", async () => {
    const { entries, seen } = await play([1, 2, 3, 4].map((x) => ({ kind: "put", id: 1, x: x * 10 })));
    const torn = entries.filter((_, index) => index !== 3);
    const restored = replay(torn);
    expect(shown(restored)).toBe(shown(seen[2]));
    expect(restored?.lost).toBe(1);
  });

  it("goes back to the snapshot before one that cannot be read", async () => {
    const { entries } = await play([{ kind: "put", id: 1, x: 5 }]);
    const broken = { snapshot: { seq: 3, by: "j", at: 0 } } as unknown as Entry;
    expect(replay([...entries, broken])?.document).toEqual(replay(entries)?.document);
    expect(replay([broken])).toBeNull();
  });

  it("knows that undoing back to where it was saved leaves nothing to save", async () => {
    const { entries } = await play([{ kind: "put", id: 1, x: 5 }]);
    expect(replay(entries)?.isSaved).toBe(false);
    const { entries: back } = await play([{ kind: "put", id: 1, x: 5 }, { kind: "undo" }]);
    expect(replay(back)?.isSaved).toBe(true);
  });
});
