/** From the event stream to the boards: every job that is of interest, once a frame whatever comes in. */
import type { Message, Preview } from "@/api/messages";
import type { JsonObject } from "@/graph/json";
import { Boards } from "./boards";
import { eventsOfMessage, eventsOfRecord, type RunEvent } from "./events";
import { JobView, type Sent } from "./view";

/** What the feed needs of the world. */
export interface Sources {
  readonly now: () => number;
  /** Calls back soon, but not more often than the screen is drawn. */
  readonly nextFrame: (action: () => void) => void;
  /** All that the server has written down of a job. */
  readonly records: (job: string) => Promise<readonly JsonObject[]>;
  readonly resume: (job: string, after: number) => void;
  /** The id of the open workflow. */
  readonly open: () => string;
}

export interface FollowedJob {
  readonly id: string;
  /** The workflow it was made from. */
  readonly doc: string;
  /** Whether it is only a part of the graph. */
  readonly isPart: boolean;
  view: JobView;
  /** Number of the last event that was heard. */
  seq: number;
  /** Whether what is told now happened earlier. */
  retold: boolean;
  /** Whether the server has said that it has the job. */
  isTaken: boolean;
  /** Whether it had ended before this page heard of it. */
  readonly isPast: boolean;
}

export class Feed {
  readonly boards: Boards;
  /** Jobs that have not ended, as far as we know. */
  readonly following = new Map<string, FollowedJob>();
  private readonly ended = new Set<(job: FollowedJob) => void>();
  private readonly moved = new Set<() => void>();
  private isScheduled = false;

  constructor(private readonly sources: Sources) {
    this.boards = new Boards(sources.open);
  }

  /** A job was sent, or is about to be: its first message may be here before the answer. */
  follow(
    id: string,
    doc: string,
    sent: Sent,
    { isPart = false, retold = false, isPast = false } = {},
  ): FollowedJob {
    const board = this.boards.of(doc);
    const view = new JobView(sent, board.nodes);
    const job = { id, doc, isPart, view, seq: 0, retold, isTaken: retold, isPast };
    this.following.set(id, job);
    // While one runs the next ones wait unseen.
    if (board.view === null || board.view.isOver) this.boards.show(doc, id, job.view, isPart);
    this.schedule();
    return job;
  }

  /** The server has not taken the job, or has it no more. */
  unfollow(id: string): void {
    const job = this.following.get(id);
    if (job === undefined) return;
    this.following.delete(id);
    job.view.take({ kind: "end" }, null);
    this.schedule();
    if (job.isTaken) for (const action of this.ended) action(job);
  }

  /** Ask for what happened so far in a job that runs. */
  resume(id: string): void {
    const job = this.following.get(id);
    if (job === undefined) return;
    job.retold = true;
    this.sources.resume(id, job.seq);
  }

  *positions(): Iterable<readonly [string, number]> {
    for (const job of this.following.values()) yield [job.id, job.seq];
  }

  /** What comes next is told from the positions on, and happened earlier. */
  reconnected(): void {
    for (const job of this.following.values()) job.retold = true;
  }

  message(message: Message): void {
    const id = message.data["prompt_id"];
    const job = typeof id === "string" ? this.following.get(id) : undefined;
    if (job === undefined) return;
    const seq = message.data["seq"];
    if (typeof seq === "number") job.seq = Math.max(job.seq, seq);
    if (message.type === "resumed") job.retold = false;
    this.take(job, eventsOfMessage(message), job.retold ? null : this.sources.now());
  }

  /** What is told of a job, from wherever. `at` is when it happened; null if that is not known. */
  take(job: FollowedJob, events: readonly RunEvent[], at: number | null): void {
    for (const event of events) {
      if (event.kind === "started") this.show(job);
      job.view.take(event, at);
      if (event.kind === "end") void this.conclude(job);
    }
    this.schedule();
  }

  preview(preview: Preview): void {
    this.following.get(preview.job)?.view.preview(preview);
    this.schedule();
  }

  /**
   * Take in what the server has written down so far of a job that runs. It begins at the beginning, whatever
   * messages were faster; what came after it is to be resumed.
   */
  async catchUp(job: FollowedJob): Promise<void> {
    for (const record of await this.sources.records(job.id)) {
      const { time, seq } = record;
      this.take(job, eventsOfRecord(record), typeof time === "number" ? time * 1000 : null);
      if (typeof seq === "number") job.seq = seq;
    }
  }

  /** Replace what was gathered from messages by what the server has written down. */
  async settle(job: FollowedJob): Promise<void> {
    const view = new JobView(job.view.sent, job.view.before);
    for (const record of await this.sources.records(job.id)) {
      const at = record["time"];
      for (const event of eventsOfRecord(record)) view.take(event, typeof at === "number" ? at * 1000 : null);
    }
    if (!view.isOver) view.take({ kind: "end" }, null);
    const isShown = this.boards.of(job.doc).job === job.id;
    job.view = view;
    if (isShown) this.boards.show(job.doc, job.id, view, job.isPart);
    this.schedule();
  }

  /** The job has ended: nothing more will be told of it. */
  async conclude(job: FollowedJob): Promise<void> {
    if (!this.following.delete(job.id)) return;
    try {
      await this.settle(job);
    } catch {
      // What the messages said stands.
    }
    for (const action of this.ended) action(job);
  }

  /** Hears of every followed job that ends; returns how to stop. */
  onEnd(action: (job: FollowedJob) => void): () => void {
    this.ended.add(action);
    return () => this.ended.delete(action);
  }

  /** Hears, once a frame, that something has moved. */
  onMove(action: () => void): () => void {
    this.moved.add(action);
    return () => this.moved.delete(action);
  }

  private show(job: FollowedJob): void {
    if (this.boards.of(job.doc).job !== job.id) this.boards.show(job.doc, job.id, job.view, job.isPart);
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.sources.nextFrame(() => {
      this.isScheduled = false;
      this.boards.refresh();
      for (const action of this.moved) action();
    });
  }
}
