/** Writes one workflow's changes down as they happen; nothing waits for it, and nothing is dropped until it lies there. */
import { type Edit, type Entry, KEPT_STEPS, type State } from "./entries";
import { FullError, type Shelf, TakenError } from "./shelf";

export const BATCH_MS = 40;
/** Changes after which the whole document is written again, so that restoring stays quick. */
export const SNAPSHOT_EVERY = 200;
const RETRY_MS = 5_000;

export interface JournalEvents {
  /** Everything up to this entry lies on the shelf. */
  written(seq: number): void;
  /** It could not be written. It stays here and is tried again. */
  failed(error: unknown): void;
  /** Somebody else goes on with this journal; nothing more is written to it. */
  taken(): void;
}

export interface JournalStart {
  readonly docId: string;
  readonly by: string;
  /** The last entry there is; 0 if there is none. */
  readonly seq: number;
  /** The last snapshot among them. */
  readonly snapshot: number;
}

export class Journal {
  private seq: number;
  private lastSnapshot: number;
  private pending: Entry[] = [];
  private sending: Entry[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private work: Promise<void> = Promise.resolve();
  private ended = false;
  private failing = false;

  constructor(
    private readonly shelf: Shelf,
    private readonly start: JournalStart,
    /** The workflow as it is now, the recorded change included. */
    private readonly state: () => State,
    private readonly events: JournalEvents,
  ) {
    this.seq = start.seq;
    this.lastSnapshot = start.snapshot;
  }

  get last(): number {
    return this.seq;
  }

  record(edit: Edit): void {
    if (this.ended) return;
    this.push({ change: { ...this.stamp(), ...edit } });
    if (this.seq - this.lastSnapshot >= SNAPSHOT_EVERY) this.snapshot();
  }

  /** Write all of it: at the beginning, and when it was saved or renamed. */
  snapshot(): void {
    if (this.ended) return;
    const state = this.state();
    const steps = { done: state.done.slice(-KEPT_STEPS), undone: state.undone.slice(-KEPT_STEPS) };
    const entry: Entry = { snapshot: { ...this.stamp(), ...state, ...steps } };
    // It says all that those before it say: what the shelf has no room for must not pile up.
    if (this.failing) this.pending = [];
    this.push(entry);
    this.lastSnapshot = this.seq;
  }

  /** What a crash would lose now. */
  unwritten(): readonly Entry[] {
    return [...this.sending, ...this.pending];
  }

  /** Resolves when all that was recorded so far is written, or was refused. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.work = this.work.then(() => this.write());
    return this.work;
  }

  /** Writes the rest, and nothing after that. */
  async end(): Promise<void> {
    await this.flush();
    this.stop();
  }

  stop(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private stamp() {
    return { seq: this.seq + 1, by: this.start.by, at: Date.now() };
  }

  private push(entry: Entry): void {
    this.seq += 1;
    this.pending.push(entry);
    this.schedule(BATCH_MS);
  }

  private schedule(wait: number): void {
    if (this.timer === undefined && !this.ended) this.timer = setTimeout(() => void this.flush(), wait);
  }

  private async write(): Promise<void> {
    if (this.pending.length === 0 || this.ended) return;
    [this.sending, this.pending] = [this.pending, []];
    const last = this.seq;
    try {
      await this.append(this.sending);
      this.failing = false;
      this.sending = [];
      this.events.written(last);
      await this.forget();
    } catch (error) {
      this.refused(error);
    }
  }

  private async append(entries: readonly Entry[]): Promise<void> {
    const { docId } = this.start;
    try {
      await this.shelf.append(docId, entries);
    } catch (error) {
      if (!(error instanceof FullError)) throw error;
      await this.shelf.prune(docId, this.written.at(-1) ?? 0);
      await this.shelf.append(docId, entries);
    }
    for (const entry of entries) if ("snapshot" in entry) this.written.push(entry.snapshot.seq);
  }
  /** Snapshots on the shelf. */
  private written: number[] = [];

  /** One snapshot before the last stays, should the last not be readable. */
  private async forget(): Promise<void> {
    const before = this.written.at(-2);
    if (before === undefined || this.written.length < 3) return;
    this.written = this.written.slice(-2);
    await this.shelf.prune(this.start.docId, before);
  }

  private refused(error: unknown): void {
    this.pending = [...this.sending, ...this.pending];
    this.sending = [];
    if (error instanceof TakenError) {
      this.stop();
      this.events.taken();
      return;
    }
    this.failing = true;
    this.events.failed(error);
    this.schedule(RETRY_MS);
  }
}
