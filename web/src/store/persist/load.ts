/** Brings a workflow back from where it was written down: this browser, or else the server. */
import type { OpenDoc, Place } from "./doc";
import { restored } from "./doc";
import type { Drafts } from "./drafts";
import { type Entry, type Replayed, replay, stampOf } from "./entries";
import { randomId } from "./ids";
import type { DocRecord, Shelf } from "./shelf";
import { dropTail, readTail } from "./tail";

export interface Loaded {
  readonly state: Replayed;
  readonly place: Place;
  readonly record: DocRecord | undefined;
  readonly isFromServer: boolean;
  /** The journal here ends in what cannot be replayed, or there is none: it has to begin anew. */
  readonly needsSnapshot: boolean;
}

/** From this browser. `mayWrite`: this tab holds it, so what the last page left behind is put in its place. */
export async function loadHere(shelf: Shelf, docId: string, mayWrite: boolean): Promise<Loaded | null> {
  const written = await shelf.entries(docId);
  const tail = joined(written, readTail(docId));
  const entries = [...written, ...tail];
  const state = replay(entries);
  if (state === null) return null;
  if (mayWrite) {
    if (tail.length > 0) await shelf.append(docId, tail).catch(() => undefined);
    dropTail(docId);
  }
  const record = await shelf.record(docId);
  const last = entries.at(-1);
  const seq = last === undefined ? state.seq : stampOf(last).seq;
  const snapshot = entries.findLast((entry) => "snapshot" in entry);
  const place = {
    by: state.by,
    seq,
    snapshot: snapshot === undefined ? 0 : stampOf(snapshot).seq,
    synced: { revision: record?.revision ?? 0, seq: record?.synced ?? 0 },
  };
  return { state, place, record, isFromServer: false, needsSnapshot: state.lost > 0 };
}

/** What follows the journal, written by the same one. */
function joined(written: readonly Entry[], tail: readonly Entry[]): Entry[] {
  const last = written.at(-1);
  const { seq, by } = last === undefined ? { seq: 0, by: null } : stampOf(last);
  return tail.filter((entry) => stampOf(entry).seq > seq && (by === null || stampOf(entry).by === by));
}

/** From the server's draft, under a journal of its own: another browser may still have it open. */
export async function loadFromServer(drafts: Drafts, docId: string): Promise<Loaded | null> {
  const draft = await drafts.read(docId);
  const state = replay(draft?.entries ?? []);
  if (draft === null || state === null) return null;
  const place = { by: randomId(), seq: 0, snapshot: 0, synced: { revision: draft.revision, seq: 0 } };
  return { state, place, record: undefined, isFromServer: true, needsSnapshot: true };
}

/** Show it as it was; `mayWrite`, go on writing it down. */
export function put(doc: OpenDoc, loaded: Loaded, mayWrite: boolean): void {
  const { state, place, record, isFromServer, needsSnapshot } = loaded;
  doc.title = state.title;
  doc.home = state.home;
  doc.savedTop = state.savedTop;
  doc.updated = record?.updated ?? Date.now();
  doc.content = { ...restored(state), path: record?.path ?? [] };
  if (!mayWrite) return;
  doc.keep(place);
  // What came from the server is not sent back until it is edited: whoever else has it open may go on.
  if (!isFromServer && !doc.isUntouched) doc.isWorthSending = true;
  if (needsSnapshot) doc.journal?.snapshot();
}
