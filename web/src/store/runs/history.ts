/** Jobs that have ended, newest first, as far as somebody has scrolled. */
import { create } from "zustand";
import { answer, api, type Schemas } from "@/api/client";
import { ApiError, unreachable } from "@/api/error";
import { feed, onMessage } from "./live";
import type { Job } from "./queue";

export type MadeFile = Schemas["MadeFile"];

interface HistoryState {
  readonly jobs: readonly Job[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly isLoaded: boolean;
  readonly error: ApiError | null;
}

export const useHistory = create<HistoryState>(() => ({
  jobs: [],
  hasMore: true,
  isLoading: false,
  isLoaded: false,
  error: null,
}));

const PAGE = 50;
const PAUSE = 300;
const ENDED = "completed,failed,cancelled";

let watchers = 0;

/** Keep the newest entries fresh until the returned function is called. */
export function watchHistory(): () => void {
  watchers += 1;
  if (watchers === 1) void refreshHistory();
  return () => {
    watchers -= 1;
  };
}

/** Look for new entries when jobs end, ours or others'; returns how to stop. */
export function followHistory(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    if (watchers === 0) return;
    clearTimeout(timer);
    timer = setTimeout(() => void refreshHistory(), PAUSE);
  };
  const stops = [feed.onEnd(soon), onMessage(({ type }) => type === "status" && soon())];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

/** The first page again; what was loaded before stays behind it. */
export function refreshHistory(): Promise<void> {
  return load(0, (page, jobs) => merged(page, jobs));
}

export async function moreHistory(): Promise<void> {
  const { jobs, hasMore, isLoading } = useHistory.getState();
  if (!hasMore || isLoading) return;
  await load(jobs.length, (page, known) => merged(known, page));
}

async function load(
  offset: number,
  join: (page: readonly Job[], known: readonly Job[]) => readonly Job[],
): Promise<void> {
  useHistory.setState({ isLoading: true });
  try {
    const query = { status: ENDED, limit: String(PAGE), offset: String(offset) };
    const page = await answer(api.GET("/api/v1/jobs", { params: { query } }));
    const known = useHistory.getState().jobs;
    const jobs = join(page.jobs, known);
    // Only the end of the list says whether there is more.
    const isEnd = offset + page.jobs.length >= jobs.length;
    const hasMore = isEnd ? page.pagination["has_more"] === true : useHistory.getState().hasMore;
    useHistory.setState({ jobs, hasMore, isLoaded: true, error: null });
  } catch (error) {
    useHistory.setState({ error: error instanceof ApiError ? error : unreachable(error) });
  } finally {
    useHistory.setState({ isLoading: false });
  }
}

/** Both lists, each job once and as the first list has it; jobs that look the same stay the same object. */
export function merged(first: readonly Job[], second: readonly Job[]): readonly Job[] {
  const known = new Map([...second, ...first].map((job) => [job.id, job]));
  const ids = new Set([...first, ...second].map((job) => job.id));
  const old = new Map(useHistory.getState().jobs.map((job) => [job.id, job]));
  return [...ids].flatMap((id) => {
    const job = known.get(id);
    const before = old.get(id);
    if (job === undefined) return [];
    return before !== undefined && JSON.stringify(before) === JSON.stringify(job) ? [before] : [job];
  });
}

/** Forget a job with all that is stored of it; its pictures stay. */
export async function forgetJob(id: string): Promise<void> {
  await api.DELETE("/api/v1/jobs/{id}", { params: { path: { id } } });
  useHistory.setState(({ jobs }) => ({ jobs: jobs.filter((job) => job.id !== id) }));
}

export async function clearHistory(): Promise<void> {
  await api.POST("/history", { body: { clear: true } });
  useHistory.setState({ jobs: [], hasMore: true });
  await refreshHistory();
}
