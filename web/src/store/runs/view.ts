/** One job as the canvas shows it: the state of each of its nodes, made from what is told of it. */
import type { Preview } from "@/api/messages";
import type { NodeRun } from "../runs";
import { imagesOf, type Outcome, type RunEvent, textsOf } from "./events";
import { Hosts } from "./hosts";

export type JobState = "queued" | "running" | Outcome | "cancelled";

/** What was sent: the nodes that matter to it and, for each, those it takes inputs from. */
export type Sent = ReadonlyMap<string, readonly string[]>;

export const QUEUED: NodeRun = {
  state: "queued",
  progress: null,
  seconds: null,
  reason: null,
  preview: null,
  images: [],
  texts: [],
  error: null,
  warnings: [],
};

type Shown = Readonly<Record<string, NodeRun>>;

export class JobView {
  state: JobState = "queued";
  readonly nodes = new Map<string, NodeRun>();
  /** Nodes with a state of their own: those sent. The others are subgraphs that hold some of them. */
  private readonly hosts: Hosts;
  private readonly changed = new Set<string>();
  private readonly pictures = new Map<string, Blob>();
  private readonly begun = new Map<string, number>();
  /** Nodes that run, by the one that is shown for them. */
  private readonly active = new Map<string, Set<string>>();
  private readonly shownAs = new Map<string, string>();
  private readonly over = new Set<string>();
  /** Nodes that have given something to show in this run. */
  private readonly outputs = new Set<string>();

  /** `before` is what the nodes showed so far: pictures and texts stay until there are new ones. */
  constructor(
    readonly sent: Sent,
    readonly before: Shown = {},
  ) {
    this.hosts = new Hosts(sent.keys());
    this.reset();
  }

  /** Take in what is told. `at` is when it happened, in milliseconds; null if that is long ago. */
  take(event: RunEvent, at: number | null): void {
    switch (event.kind) {
      case "started":
        this.reset();
        this.state = "running";
        return;
      case "cached":
        // What they warned of when they ran is told anew.
        for (const node of event.nodes)
          if (this.sent.has(node)) this.set(node, { state: "cached", warnings: [] });
        return;
      case "running":
        this.run(event.node, event.inner, at);
        if (event.reason !== null && event.node === event.inner)
          this.set(event.node, { reason: event.reason });
        return;
      case "progress":
        this.progress(event.inner, event.value, event.max);
        return;
      case "finished":
        this.finish(event, at);
        return;
      case "output":
        this.output(event.node, event.node === event.inner, imagesOf(event.ui), textsOf(event.ui));
        return;
      case "blocked":
        this.set(event.node, {
          state: "blocked",
          error: { type: "ExecutionBlocked", message: event.message, traceback: [], inputs: {} },
        });
        return;
      case "warned": {
        const warnings = this.nodes.get(event.node)?.warnings ?? [];
        if (!warnings.includes(event.message))
          this.set(event.node, { warnings: [...warnings, event.message] });
        return;
      }
      case "failed":
        this.active.delete(event.node);
        this.set(event.node, { state: "failed", error: event.error, progress: null, preview: null });
        return;
      case "outcome":
        this.state = event.outcome;
        this.settle();
        return;
      case "end":
        if (this.state === "queued") this.state = "cancelled";
        else if (this.state === "running") this.state = "interrupted"; // nobody knows how it ended
        this.settle();
    }
  }

  /** The newest preview counts; it becomes an address when it is shown. */
  preview(preview: Preview): void {
    if (this.nodes.get(preview.display)?.state === "running")
      this.pictures.set(preview.display, preview.image);
  }

  get isOver(): boolean {
    return this.state !== "queued" && this.state !== "running";
  }

  /** Nodes that are done, with the part of those that run, of all. */
  get progressed(): readonly [number, number] {
    let done = 0;
    for (const node of this.sent.keys()) {
      const run = this.nodes.get(node);
      if (run === undefined || (run.state !== "queued" && run.state !== "running")) done += 1;
      else if (run.progress !== null) done += run.progress[0] / run.progress[1];
    }
    return [done, this.sent.size];
  }

  /** The node that runs now, if any. */
  get current(): string | null {
    return [...this.active.keys()].at(-1) ?? null;
  }

  /**
   * What has changed since the last time, by address; null for nodes that show nothing any more. `address` makes
   * an object URL.
   */
  changes(address: (image: Blob) => string): Map<string, NodeRun | null> {
    for (const [node, image] of this.pictures) {
      if (this.nodes.get(node)?.state === "running") this.set(node, { preview: address(image) });
    }
    this.pictures.clear();
    const found = new Map<string, NodeRun | null>();
    for (const node of this.changed) found.set(node, this.nodes.get(node) ?? null);
    for (const host of this.hosts.above(this.changed)) found.set(host, this.hosts.shown(host, this.nodes));
    this.changed.clear();
    return found;
  }

  /** Everything is to be told anew, as when another job was shown meanwhile. */
  touch(): void {
    for (const node of this.nodes.keys()) this.changed.add(node);
  }

  private reset(): void {
    for (const node of this.nodes.keys()) this.changed.add(node);
    this.nodes.clear();
    this.active.clear();
    this.over.clear();
    this.begun.clear();
    this.outputs.clear();
    for (const node of this.sent.keys()) {
      const before = this.before[node];
      const { images, texts, warnings } = before ?? QUEUED;
      this.set(node, { ...QUEUED, images, texts, warnings });
    }
  }

  private run(node: string, inner: string, at: number | null): void {
    this.shownAs.set(inner, node);
    if (this.over.has(inner)) return;
    const inside = this.active.get(node) ?? new Set();
    if (inside.has(inner)) return;
    inside.add(inner);
    this.active.set(node, inside);
    if (at !== null && !this.begun.has(node)) this.begun.set(node, at);
    const shown = this.nodes.get(node)?.state;
    if (shown === "failed") return;
    this.set(node, { state: "running", ...(shown === "running" ? {} : { warnings: [] }) });
  }

  private progress(inner: string, value: number, max: number): void {
    const node = this.shownAs.get(inner) ?? inner;
    const run = this.nodes.get(node);
    if (run?.state !== "running" || (run.progress?.[0] === value && run.progress[1] === max)) return;
    this.set(node, { progress: [value, max] });
  }

  private finish(event: RunEvent & { kind: "finished" }, at: number | null): void {
    const { node, inner } = event;
    if (this.over.has(inner) && event.seconds === null) return;
    this.over.add(inner);
    const inside = this.active.get(node);
    const ran = inside?.delete(inner) === true || this.nodes.get(node)?.state === "done";
    const isLast = inside === undefined || inside.size === 0;
    if (isLast) this.active.delete(node);
    // A node that grew others is done when they are.
    if (!this.over.has(node) || !isLast || this.nodes.get(node)?.state === "failed") return;
    const wasThere = event.source === null ? !ran : event.source !== "run";
    const begun = this.begun.get(node);
    const measured = at !== null && begun !== undefined ? (at - begun) / 1000 : null;
    this.set(node, {
      state: wasThere && node === inner ? "cached" : "done",
      seconds: wasThere ? null : node === inner ? (event.seconds ?? measured) : measured,
      progress: null,
      preview: null,
    });
  }

  private output(node: string, replaces: boolean, images: NodeRun["images"], texts: NodeRun["texts"]): void {
    const shown = this.nodes.get(node);
    const grown = !replaces && shown !== undefined && this.outputs.has(node);
    this.outputs.add(node);
    this.set(node, {
      images: grown ? [...shown.images, ...images] : images,
      texts: grown ? [...shown.texts, ...texts] : texts,
    });
  }
  /** The run is over: what runs or waits will not any more. */
  private settle(): void {
    const stopped = this.stoppedByFailure();
    for (const [node, run] of this.nodes) {
      if (run.state !== "queued" && run.state !== "running") continue;
      if (stopped.has(node)) this.set(node, { state: "blocked" });
      // The messages that say so may have been left out: what a run that succeeds has begun is done.
      else if (this.state === "success" && run.state === "running") {
        this.set(node, { state: "done", progress: null, preview: null });
      } else if (this.outputs.has(node)) this.set(node, { state: "cached" });
      else this.forget(node);
    }
    this.active.clear();
  }

  /** What waits for a node that failed. */
  private stoppedByFailure(): Set<string> {
    const consumers = new Map<string, string[]>();
    for (const [node, origins] of this.sent) {
      for (const origin of origins) consumers.set(origin, [...(consumers.get(origin) ?? []), node]);
    }
    const stopped = new Set<string>();
    const open = [...this.nodes].filter(([, run]) => run.error !== null).map(([node]) => node);
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const next of consumers.get(node) ?? []) {
        if (this.nodes.get(next)?.state !== "queued" || stopped.has(next)) continue;
        stopped.add(next);
        open.push(next);
      }
    }
    return stopped;
  }

  /** A node that did not run shows what it showed before. */
  private forget(node: string): void {
    const before = this.before[node];
    if (before === undefined || before.state === "queued" || before.state === "running")
      this.nodes.delete(node);
    else this.nodes.set(node, before);
    this.changed.add(node);
  }

  private set(node: string, what: Partial<NodeRun>): void {
    this.nodes.set(node, { ...(this.nodes.get(node) ?? QUEUED), ...what });
    this.changed.add(node);
  }
}
