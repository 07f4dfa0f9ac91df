/** The server's node classes, loaded once and again when packs or model files changed. */
import { create } from "zustand";
import { errorOf } from "@/api/error";
import { type Defs, readDefs } from "@/graph/defs";
import { isObject } from "@/graph/json";
import { useRuns } from "./runs";

interface DefsState {
  readonly defs: Defs;
  readonly status: "loading" | "ready" | "failed";
  readonly error: string | null;
}

export const useDefs = create<DefsState>(() => ({ defs: new Map(), status: "loading", error: null }));

/** Fetch them now, and again whenever the server comes back: it may have other packs then. */
export function followDefs(): void {
  void loadDefs();
  useRuns.subscribe((now, before) => {
    if (now.connection === "online" && before.connection === "offline") void loadDefs();
  });
}

/** Fetch them. Those at hand stay if the server cannot be reached. */
export async function loadDefs(): Promise<void> {
  try {
    const answer = await fetch("object_info");
    if (!answer.ok) throw errorOf(answer.status, await answer.text());
    const info: unknown = await answer.json();
    if (!isObject(info)) throw new Error(`/object_info answered ${answer.status}`);
    useDefs.setState({ defs: readDefs(info), status: "ready", error: null });
  } catch (error) {
    const status = useDefs.getState().defs.size > 0 ? "ready" : "failed";
    useDefs.setState({ status, error: error instanceof Error ? error.message : String(error) });
    if (status === "failed") againLater();
  }
}

const PAUSE = 10_000;
let pending: ReturnType<typeof setTimeout> | undefined;

/** A worker that could not start is started again by the server; it may work then. */
function againLater(): void {
  clearTimeout(pending);
  pending = setTimeout(() => {
    if (useDefs.getState().status === "failed") void loadDefs();
  }, PAUSE);
}
