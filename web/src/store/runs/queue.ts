/** What waits and runs on the server, and what people do about it. Looked at when the server says it changed. */
import { create } from "zustand";
import { answer, api, type Schemas } from "@/api/client";
import { ApiError, unreachable } from "@/api/error";
import type { FollowedJob } from "./feed";
import { feed, onMessage } from "./live";

export type Job = Schemas["JobItem"];

interface QueueState {
  readonly running: readonly Job[];
  /** In the order they will run; the first thousand. */
  readonly pending: readonly Job[];
  readonly paused: boolean;
  readonly isLoaded: boolean;
  readonly error: ApiError | null;
}

export const useQueue = create<QueueState>(() => ({
  running: [],
  pending: [],
  paused: false,
  isLoaded: false,
  error: null,
}));

const PAUSE = 200;
const MOST = "1000";

let watchers = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let isAsking = false;
let isStale = false;

/** Keep the list fresh until the returned function is called. */
export function watchQueue(): () => void {
  watchers += 1;
  if (watchers === 1) void refreshQueue();
  return () => {
    watchers -= 1;
  };
}

/** Look again whenever the server says that the queue has changed; returns how to stop. */
export function followQueue(): () => void {
  return onMessage(({ type }) => {
    // Without a panel it matters only whether jobs of ours were taken out before they began.
    if (type !== "status" || (watchers === 0 && feed.following.size === 0)) return;
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void refreshQueue();
    }, PAUSE);
  });
}

export async function refreshQueue(): Promise<void> {
  isStale = true;
  if (isAsking) return;
  isAsking = true;
  try {
    while (isStale) {
      isStale = false;
      const before = [...feed.following.values()].filter((job) => job.isTaken);
      const now = await look();
      useQueue.setState({ ...now, isLoaded: true, error: null });
      if (now.pending.length < Number(MOST)) await letGo(before, [...now.running, ...now.pending]);
    }
  } catch (error) {
    useQueue.setState({ error: error instanceof ApiError ? error : unreachable(error) });
  } finally {
    isAsking = false;
  }
}

async function look(): Promise<Pick<QueueState, "running" | "pending" | "paused">> {
  const query = { status: "pending,in_progress", sort_order: "asc", limit: MOST };
  const [facts, page] = await Promise.all([
    answer(api.GET("/api/v1/queue")),
    answer(api.GET("/api/v1/jobs", { params: { query } })),
  ]);
  const place = new Map(facts.order.map((id, index) => [id, index]));
  const pending = page.jobs.filter((job) => job.status === "pending");
  return {
    running: page.jobs.filter((job) => job.status === "in_progress"),
    pending: pending.toSorted((a, b) => (place.get(a.id) ?? Infinity) - (place.get(b.id) ?? Infinity)),
    paused: facts.paused,
  };
}

/**
 * Jobs of ours that have left the queue without a word: taken out before they began, or ended while we could not
 * hear it on a server that has forgotten them since.
 */
async function letGo(before: readonly FollowedJob[], listed: readonly Job[]): Promise<void> {
  const still = new Set(listed.map((job) => job.id));
  for (const job of before) {
    if (still.has(job.id) || !feed.following.has(job.id)) continue;
    try {
      const found = await answer(api.GET("/api/v1/jobs/{id}", { params: { path: { id: job.id } } }));
      // What has run says so itself, if it is heard.
      if (found.state === "cancelled") feed.unfollow(job.id);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) feed.unfollow(job.id);
    }
  }
}

export async function pauseQueue(paused: boolean): Promise<void> {
  await (paused ? api.POST("/api/v1/queue/pause") : api.POST("/api/v1/queue/resume"));
  await refreshQueue();
}

/** Have a pending job run directly before or after another. Shown at once, then as the server has it. */
export async function moveJob(id: string, beside: { before: string } | { after: string }): Promise<void> {
  const { pending } = useQueue.getState();
  useQueue.setState({ pending: moved(pending, id, beside) });
  try {
    await api.POST("/api/v1/jobs/{id}/move", { params: { path: { id } }, body: beside });
  } finally {
    await refreshQueue();
  }
}

export function moved(
  pending: readonly Job[],
  id: string,
  beside: { before: string } | { after: string },
): readonly Job[] {
  const job = pending.find((one) => one.id === id);
  const rest = pending.filter((one) => one.id !== id);
  const anchor = "before" in beside ? beside.before : beside.after;
  const index = rest.findIndex((one) => one.id === anchor);
  if (job === undefined || index < 0) return pending;
  return rest.toSpliced("before" in beside ? index : index + 1, 0, job);
}

export async function prioritise(id: string, number: number): Promise<void> {
  await api.POST("/api/v1/jobs/{id}/priority", { params: { path: { id } }, body: { number } });
  await refreshQueue();
}

/** Run the graph of a job that has ended once more. */
export async function retryJob(id: string): Promise<Job> {
  const job = await answer(api.POST("/api/v1/jobs/{id}/retry", { params: { path: { id } } }));
  await refreshQueue();
  return job;
}
