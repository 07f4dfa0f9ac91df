/** What of the versions lies over the canvas now. Apart from the rest, so that the rest is fetched when it is. */
import { create } from "zustand";
import { showPanel } from "@/store/shell";

export type VersionStage = "compare" | "merge" | null;

export const useVersionStage = create<{ readonly stage: VersionStage }>(() => ({ stage: null }));

/** On a phone, the panel it was asked from would lie over it. */
const NARROW = "(max-width: 640px)";

export function showStage(stage: VersionStage): void {
  if (stage !== null && globalThis.matchMedia?.(NARROW).matches) showPanel(null);
  useVersionStage.setState({ stage });
}
