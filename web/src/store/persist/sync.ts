/** Brings one workflow's journal to the server: soon after an edit, and again until it is there. */
import { ApiError } from "@/api/error";
import { type Draft, DraftConflict, type Drafts } from "./drafts";
import { type Entry, stampOf } from "./entries";

export const DEBOUNCE_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** Entries sent at once. */
const BATCH = 400;

export interface Synced {
  /** The server's count of its own. */
  readonly revision: number;
  /** The last of our entries it has. */
  readonly seq: number;
}

export type SyncState = "kept" | "waiting" | "offline" | "refused";

export interface SyncEvents {
  /** Where it stands; with the server's words if it refused. */
  changed(state: SyncState, detail: string): void;
  /** The server has this much. */
  synced(synced: Synced): void;
  /** Somebody else changed the draft; nothing more is sent to it. */
  conflict(): void;
}

export class Sync {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  private again = false;
  private retry = FIRST_RETRY_MS;
  private ended = false;

  constructor(
    private readonly docId: string,
    private readonly by: string,
    private readonly drafts: Drafts,
    private readonly source: {
      /** The journal's entries after a number, in order. */
      entries(after: number): Promise<readonly Entry[]>;
      /** What to call the draft in lists. */
      name(): string | null;
    },
    private synced: Synced,
    private readonly events: SyncEvents,
  ) {}

  /** There is something new. */
  poke(): void {
    if (this.ended) return;
    this.events.changed("waiting", "");
    this.later(DEBOUNCE_MS);
  }

  /** The server can be reached again, as far as anybody knows. */
  hurry(): void {
    this.retry = FIRST_RETRY_MS;
    if (this.timer !== undefined) void this.flush();
  }

  /** Send what there is, now. Resolves when it is there or has failed. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.ended) return;
    if (this.running !== null) {
      this.again = true;
      return this.running;
    }
    this.running = this.run();
    await this.running;
  }

  stop(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  /** Stops once what is under way has arrived. */
  async end(): Promise<void> {
    this.stop();
    await this.running;
  }

  private later(wait: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), wait);
  }

  private async run(): Promise<void> {
    try {
      do {
        this.again = false;
        await this.sendAll();
      } while (this.again && !this.ended);
      this.retry = FIRST_RETRY_MS;
      if (!this.ended && this.timer === undefined) this.events.changed("kept", "");
    } catch (error) {
      this.failed(error);
    } finally {
      this.running = null;
    }
  }

  private async sendAll(): Promise<void> {
    for (;;) {
      const open = joining(await this.source.entries(this.synced.seq), this.synced.seq);
      const batch = open.slice(0, BATCH);
      const last = batch.at(-1);
      if (last === undefined || this.ended) return;
      try {
        const revision = await this.drafts.append(
          this.docId,
          this.synced.revision,
          batch,
          this.source.name(),
        );
        this.settle({ revision, seq: stampOf(last).seq });
      } catch (error) {
        if (!(error instanceof DraftConflict)) throw error;
        if (!(await this.agree())) return;
      }
    }
  }

  /** Whether the draft only has what we sent ourselves and never heard back of, or is gone altogether. */
  private async agree(): Promise<boolean> {
    const draft = await this.drafts.read(this.docId);
    if (draft === null) {
      this.settle({ revision: 0, seq: 0 });
      return true;
    }
    const last = ownLast(draft, this.by);
    const fresh = last !== null && last >= this.synced.seq && draft.revision !== this.synced.revision;
    if (fresh) {
      this.settle({ revision: draft.revision, seq: last });
      return true;
    }
    this.stop();
    this.events.conflict();
    return false;
  }

  private settle(synced: Synced): void {
    this.synced = synced;
    this.events.synced(synced);
  }

  private failed(error: unknown): void {
    if (this.ended) return;
    const refused = error instanceof ApiError && !error.unreachable && error.status < 500;
    const full = error instanceof ApiError && error.status === 507;
    const message = error instanceof Error ? error.message : String(error);
    this.events.changed(refused || full ? "refused" : "offline", message);
    this.later(refused || full ? LONGEST_RETRY_MS : this.retry);
    this.retry = Math.min(LONGEST_RETRY_MS, this.retry * 2);
  }
}

/** Entries the server can go on with: from the one it waits for, or from the last snapshot if that one is gone. */
function joining(entries: readonly Entry[], seq: number): readonly Entry[] {
  const [first] = entries;
  if (seq > 0 && (first === undefined || stampOf(first).seq === seq + 1)) return entries;
  const start = entries.findLastIndex((entry) => "snapshot" in entry);
  return start < 0 ? [] : entries.slice(start);
}

/** The number of the draft's last entry, if that entry is ours. */
function ownLast(draft: Draft, by: string): number | null {
  const last = draft.entries.at(-1);
  if (last === undefined) return null;
  const stamp = stampOf(last);
  return stamp.by === by ? stamp.seq : null;
}
