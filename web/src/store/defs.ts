/** The server's node classes, loaded once and again when packs or model files changed. */
import { create } from "zustand";
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
    const info: unknown = await answer.json();
    if (!answer.ok || !isObject(info)) throw new Error(`/object_info answered ${answer.status}`);
    useDefs.setState({ defs: readDefs(info), status: "ready", error: null });
  } catch (error) {
    const status = useDefs.getState().defs.size > 0 ? "ready" : "failed";
    useDefs.setState({ status, error: error instanceof Error ? error.message : String(error) });
  }
}
