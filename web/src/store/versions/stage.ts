/** What of the versions lies over the canvas now. Apart from the rest, so that the rest is fetched when it is. */
import { create } from "zustand";

export type VersionStage = "compare" | "merge" | null;

export const useVersionStage = create<{ readonly stage: VersionStage }>(() => ({ stage: null }));

export function showStage(stage: VersionStage): void {
  useVersionStage.setState({ stage });
}
