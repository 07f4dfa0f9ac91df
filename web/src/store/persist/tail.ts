/**
 * What is not yet in the database when the page goes. A page that is being closed may not wait for a database,
 * but it may still write to `localStorage`, which takes it at once.
 */
import { isObject } from "@/graph/json";
import { type Entry, stampOf } from "./entries";

const key = (docId: string) => `darkroom:tail:${docId}`;

export function keepTail(docId: string, entries: readonly Entry[], storage = globalThis.localStorage): void {
  try {
    if (entries.length > 0) storage?.setItem(key(docId), JSON.stringify(entries));
  } catch {
    // No room: the database has been asked to take it too.
  }
}

/** What was left, in order; it is taken away with `dropTail` once it is in the database. */
export function readTail(docId: string, storage = globalThis.localStorage): Entry[] {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(key(docId)) ?? "[]");
    if (!Array.isArray(kept)) return [];
    const entries = kept.filter((entry): entry is Entry => isObject(entry));
    return entries.sort((a, b) => stampOf(a).seq - stampOf(b).seq);
  } catch {
    return [];
  }
}

export function dropTail(docId: string, storage = globalThis.localStorage): void {
  try {
    storage?.removeItem(key(docId));
  } catch {
    // Storage is forbidden, so there was none.
  }
}
