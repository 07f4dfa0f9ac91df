/** The server's copy of what is being edited: `/api/v1/drafts`. */
import { ApiError, errorOf, unreachable } from "@/api/error";
import { isObject } from "@/graph/json";
import type { Entry } from "./entries";

export interface DraftInfo {
  readonly id: string;
  readonly revision: number;
  readonly name: string | null;
  /** Milliseconds since 1970. */
  readonly updated: number;
}
export interface Draft {
  readonly revision: number;
  /** The last snapshot and what follows it. */
  readonly entries: readonly Entry[];
}

/** The draft has changes that were made elsewhere. */
export class DraftConflict extends Error {
  constructor(readonly id: string) {
    super(`the server's draft ${id} was changed elsewhere`);
    this.name = "DraftConflict";
  }
}

export interface Drafts {
  list(): Promise<DraftInfo[]>;
  /** Null if there is none of that id. */
  read(id: string): Promise<Draft | null>;
  /** Adds to revision `after`; returns the new one. Fails with `DraftConflict` if it is another by now. */
  append(id: string, after: number, entries: readonly Entry[], name: string | null): Promise<number>;
  remove(id: string): Promise<void>;
}

export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** A request that is still being sent when the page goes may have this many bytes. */
const KEEPALIVE_BYTES = 60_000;

export function serverDrafts(send: Send = (path, init) => fetch(path, init)): Drafts {
  const path = (id: string) => `api/v1/drafts/${encodeURIComponent(id)}`;
  const ask = async (where: string, init?: RequestInit) => {
    const answer = await send(where, init).catch((error: unknown) => {
      throw unreachable(error);
    });
    if (!answer.ok) throw errorOf(answer.status, await answer.text());
    return answer.status === 204 ? null : await answer.json();
  };
  return {
    async list() {
      const answer: unknown = await ask("api/v1/drafts");
      const rows = isObject(answer) ? answer["drafts"] : [];
      return Array.isArray(rows) ? rows.filter(isObject).map(infoOf) : [];
    },
    async read(id) {
      const answer: unknown = await ask(path(id)).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      });
      if (!isObject(answer)) return null;
      // Entries are ours: the server hands back what it was given.
      return {
        revision: Number(answer["revision"]),
        entries: (answer["entries"] ?? []) as unknown as Entry[],
      };
    },
    async append(id, after, entries, name) {
      const body = JSON.stringify({ after, entries, ...(name === null ? {} : { name }) });
      const keepalive = body.length < KEEPALIVE_BYTES;
      const headers = { "Content-Type": "application/json" };
      const init = { method: "POST", headers, body, keepalive };
      const answer: unknown = await ask(`${path(id)}/changes`, init).catch((error: unknown) => {
        throw error instanceof ApiError && error.code === "draft_conflict" ? new DraftConflict(id) : error;
      });
      return isObject(answer) ? Number(answer["revision"]) : after + entries.length;
    },
    async remove(id) {
      await ask(path(id), { method: "DELETE" }).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      });
    },
  };
}

function infoOf(row: { readonly [key: string]: unknown }): DraftInfo {
  return {
    id: String(row["id"] ?? ""),
    revision: Number(row["revision"] ?? 0),
    name: typeof row["name"] === "string" ? row["name"] : null,
    updated: Number(row["updated"] ?? 0),
  };
}
