/** What is written down of a workflow: now and then all of it, in between what changed. Replayed after a crash. */
import { apply, type Change, inverse, type Step } from "@/graph/change";
import type { Document } from "@/graph/document";

/** The file of the server it was opened from, with what was in it then. */
export interface FileHome {
  readonly kind: "file";
  readonly hash: string;
}

/** The version that was last opened or made here: saving adds the next one to its branch. */
export interface VersionHome {
  readonly kind: "version";
  readonly branch: string;
  /** Its id. */
  readonly version: string;
  readonly number: number;
}

/** Where a workflow lies on the server. */
export type Home = FileHome | VersionHome;

/** Everything of an open workflow that must come back. */
export interface State {
  readonly document: Document;
  readonly done: readonly Step[];
  readonly undone: readonly Step[];
  /** Of the workflow, or of its file below `workflows/` without `.json`; null until it is saved. */
  readonly name: string | null;
  /** What to call it while it has no name. */
  readonly title: string | null;
  readonly home: Home | null;
  /** Whether the document lies on the server just as it is here. */
  readonly isSaved: boolean;
}

export interface Stamp {
  readonly seq: number;
  /** The journal it was written in: tells an answer that got lost from somebody else's writing. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}
export interface Edit {
  readonly how: "do" | "undo" | "redo";
  readonly label: string;
  readonly changes: readonly Change[];
}
export type Entry = { readonly snapshot: Stamp & State } | { readonly change: Stamp & Edit };

/** Steps a snapshot keeps for undoing. */
export const KEPT_STEPS = 400;

export function stampOf(entry: Entry): Stamp {
  return "snapshot" in entry ? entry.snapshot : entry.change;
}

export interface Replayed extends State {
  /** The last entry it includes. */
  readonly seq: number;
  readonly by: string;
  /** The document as it was saved, where the entries still have it. */
  readonly saved: Document | null;
  /** The step it was saved after: undefined before the first, null if it was not. */
  readonly savedTop: Step | undefined | null;
  /** Entries that could not be replayed, because one before them is missing or does not fit. */
  readonly lost: number;
}

/** The newest state the entries give: the last snapshot that can be read, and what follows it without a gap. */
export function replay(entries: readonly Entry[]): Replayed | null {
  for (let start = entries.length - 1; start >= 0; start -= 1) {
    const entry = entries[start];
    if (entry !== undefined && "snapshot" in entry && isWhole(entry.snapshot)) {
      return replayFrom(entry.snapshot, entries.slice(start + 1));
    }
  }
  return null;
}

function isWhole(state: State): boolean {
  return (
    Array.isArray(state.document?.graphs?.ids) && Array.isArray(state.done) && Array.isArray(state.undone)
  );
}

function replayFrom(snapshot: Stamp & State, rest: readonly Entry[]): Replayed {
  let { seq, document } = snapshot;
  const done = [...snapshot.done];
  const undone = [...snapshot.undone];
  const top = done.at(-1);
  let saved = snapshot.isSaved ? document : null;
  let replayed = 0;
  for (const entry of rest) {
    if (!("change" in entry) || entry.change.seq !== seq + 1 || entry.change.by !== snapshot.by) break;
    const next = attempt(document, entry.change.changes);
    if (next === null) break;
    document = next;
    takeStep(entry.change, done, undone);
    // Undone back to where it was saved: what is there now is the same content.
    if (saved !== null && done.at(-1) === top) saved = document;
    seq += 1;
    replayed += 1;
  }
  const { name, title, by } = snapshot;
  const home = snapshot.home ?? null;
  const isSaved = saved === document;
  const lost = rest.length - replayed;
  const savedTop = saved === null ? null : top;
  return { document, done, undone, name, title, home, by, seq, saved, savedTop, isSaved, lost };
}

/** A step that was undone keeps its identity, so that redoing it is recognised. */
function takeStep({ how, label, changes }: Edit, done: Step[], undone: Step[]): void {
  if (how === "undo") {
    undone.push(done.pop() ?? { label, changes: inverse(changes) });
    return;
  }
  const redone = how === "redo" ? undone.pop() : undefined;
  if (how === "do") undone.length = 0;
  done.push(redone ?? { label, changes });
}

function attempt(document: Document, changes: readonly Change[]): Document | null {
  try {
    return apply(document, changes);
  } catch {
    return null;
  }
}
