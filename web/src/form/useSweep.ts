import { useEffect, useState } from "react";
import { isSettled, readSweep, type Sweep } from "@/store/functions/sweeps";
import { onMessage } from "@/store/runs/live";

/** Often enough to watch, seldom enough for a thousand runs. */
const PAUSE = 1_000;

interface Watched {
  readonly sweep: Sweep | null;
  readonly error: string | null;
}

/** Runs of a sweep that are listed at first. */
const FIRST = 100;

/** A sweep as it goes on: asked for again when the queue moves, until all of it is settled. */
export function useSweep(id: string): Watched & { readonly again: () => void; readonly more: () => void } {
  const [watched, setWatched] = useState<Watched>({ sweep: null, error: null });
  const [tries, setTries] = useState(0);
  const [limit, setLimit] = useState(FIRST);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each try asks again
  useEffect(() => {
    let isGone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      timer = undefined;
      try {
        const sweep = await readSweep(id, limit);
        if (isGone) return;
        setWatched({ sweep, error: null });
        if (!isSettled(sweep)) soon(4 * PAUSE);
      } catch (error) {
        if (isGone) return;
        setWatched((before) => ({
          ...before,
          error: error instanceof Error ? error.message : String(error),
        }));
        soon(4 * PAUSE);
      }
    };
    const soon = (pause: number) => {
      timer ??= setTimeout(() => void look(), pause);
    };
    const stop = onMessage(({ type }) => {
      if (type !== "status") return;
      clearTimeout(timer);
      timer = undefined;
      soon(PAUSE / 2);
    });
    void look();
    return () => {
      isGone = true;
      clearTimeout(timer);
      stop();
    };
  }, [id, tries, limit]);
  return {
    ...watched,
    again: () => setTries((count) => count + 1),
    more: () => setLimit((count) => count * 5),
  };
}
