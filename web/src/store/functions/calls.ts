/** Runs that a form has started: how far each is, what it gave. Fed by the same stream as those of the canvas. */
import { create } from "zustand";
import { ApiError, unreachable } from "@/api/error";
import { isObject, type Json } from "@/graph/json";
import type { FollowedJob } from "../runs/feed";
import { feed } from "../runs/live";
import { sentOf } from "../runs/sent";
import type { JobState } from "../runs/view";
import { keepCalls, keptCalls } from "./past";
import { type Result, resultsOf } from "./results";
import { type Callable, call, type RunRecord, readRun } from "./server";

export interface CallRun {
  readonly id: string;
  /** What it was given, with seeds that the server drew. */
  readonly inputs: Readonly<Record<string, Json>>;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly release: string | null;
  readonly state: JobState;
  /** Nodes done, of all. */
  readonly progress: readonly [number, number];
  /** Object URL of the latest latent preview. */
  readonly preview: string | null;
  readonly results: readonly Result[];
  readonly error: string | null;
}

interface Calls {
  /** The workflow whose runs these are. */
  readonly workflow: string;
  /** The newest first. */
  readonly runs: readonly CallRun[];
}

export const useCalls = create<Calls>(() => ({ workflow: "", runs: [] }));

const following = new Map<string, { job: FollowedJob; order: readonly string[] }>();
let isListening = false;

/** Show the runs of a form, those of earlier visits too. What still runs is followed on. */
export function openCalls({ name, function: { outputs } }: Callable): void {
  if (useCalls.getState().workflow === name) return;
  useCalls.setState({ workflow: name, runs: keptCalls(name) });
  const order = outputs.map((output) => output.name);
  for (const run of useCalls.getState().runs) if (!isOver(run)) void follow(run.id, order);
}

/** Run the function. Throws what the server refuses it with. */
export async function startCall(
  callable: Callable,
  reference: string,
  body: Readonly<Record<string, Json>>,
): Promise<void> {
  const accepted = await call(reference, body);
  const run: CallRun = {
    id: accepted.run_id,
    inputs: accepted.inputs as Record<string, Json>,
    begun: Date.now(),
    release: accepted.release,
    state: "queued",
    progress: [0, 0],
    preview: null,
    results: [],
    error: null,
  };
  set([run, ...useCalls.getState().runs.filter((one) => one.id !== run.id)]);
  void follow(
    run.id,
    callable.function.outputs.map((output) => output.name),
  );
}

export function forgetCall(id: string): void {
  set(useCalls.getState().runs.filter((run) => run.id !== id));
}

export function isOver({ state }: CallRun): boolean {
  return state !== "queued" && state !== "running";
}

async function follow(id: string, order: readonly string[]): Promise<void> {
  listen();
  try {
    const record = await readRun(id);
    if (isEnded(record)) return conclude(id, record, order);
    const sent = sentOf(record.prompt, new Map(), record.targets);
    const job = feed.follow(id, boardOf(id), sent, { retold: true });
    following.set(id, { job, order });
    // What was told before somebody listened.
    await feed.catchUp(job);
    feed.resume(id);
  } catch (error) {
    const known = error instanceof ApiError ? error : unreachable(error);
    // Another visit may find the server again.
    if (!known.unreachable) change(id, { state: "error", error: known.message });
  }
}

function listen(): void {
  if (isListening) return;
  isListening = true;
  feed.onMove(() => {
    for (const [id, { job }] of following) {
      const shown = feed.boards.of(boardOf(id)).nodes;
      const preview = Object.values(shown).find((node) => node.preview !== null)?.preview ?? null;
      change(id, {
        state: job.view.isOver ? "running" : job.view.state,
        progress: job.view.progressed,
        preview,
      });
    }
  });
  feed.onEnd((job) => {
    const known = following.get(job.id);
    following.delete(job.id);
    if (known !== undefined) void end(job.id, known.order);
  });
}

async function end(id: string, order: readonly string[]): Promise<void> {
  try {
    conclude(id, await readRun(id), order);
  } catch (error) {
    change(id, {
      state: "error",
      preview: null,
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

function conclude(id: string, record: RunRecord, order: readonly string[]): void {
  change(id, {
    state: stateOf(record),
    preview: null,
    results: resultsOf(record, order),
    error: errorIn(record),
  });
}

function isEnded({ status }: RunRecord): boolean {
  return status !== "pending" && status !== "in_progress";
}

function stateOf({ status }: RunRecord): JobState {
  if (status === "completed") return "success";
  return status === "cancelled" ? "interrupted" : "error";
}

function errorIn({ execution_error: error }: RunRecord): string | null {
  if (!isObject(error)) return null;
  const [message, node] = [error["exception_message"], error["node_type"]];
  if (typeof message !== "string") return null;
  return typeof node === "string" && node !== "" ? `${node}: ${message.trim()}` : message.trim();
}

/** A board of its own: nothing of it shows on the canvas. */
function boardOf(id: string): string {
  return `form:${id}`;
}

function change(id: string, to: Partial<CallRun>): void {
  const { runs } = useCalls.getState();
  if (runs.some((run) => run.id === id)) set(runs.map((run) => (run.id === id ? { ...run, ...to } : run)));
}

function set(runs: readonly CallRun[]): void {
  useCalls.setState({ runs });
  keepCalls(useCalls.getState().workflow, runs);
}
