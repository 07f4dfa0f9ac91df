/** What the run button shows and is set to. */
import { create } from "zustand";
import type { ApiError } from "@/api/error";

export interface Progress {
  /** The workflow it was made from. */
  readonly doc: string;
  /** Nodes that are done, with the part of those that run, and all that matter to it. */
  readonly done: number;
  readonly all: number;
  /** Address of the node that runs. */
  readonly node: string | null;
}

interface RunBarState {
  /** How many runs one press queues. */
  readonly count: number;
  /** Whether an explanation of what would run is wanted. */
  readonly explaining: boolean;
  /** Runs that are being sent. */
  readonly sending: number;
  /** Why the last press queued nothing, or not all; null if it did. */
  readonly failure: ApiError | null;
  /** Jobs of ours that wait or run. */
  readonly ours: number;
  /** How far those that run are, by id. */
  readonly running: Readonly<Record<string, Progress>>;
}

export const useRunBar = create<RunBarState>(() => ({
  count: 1,
  explaining: false,
  sending: 0,
  failure: null,
  ours: 0,
  running: {},
}));

export const MOST_AT_ONCE = 100;

export function setCount(count: number): void {
  const whole = Number.isFinite(count) ? Math.round(count) : 1;
  useRunBar.setState({ count: Math.min(MOST_AT_ONCE, Math.max(1, whole)) });
}
