/** One tooltip for everything on the canvas, as a component for each of a thousand sockets would be slow. */
import { create } from "zustand";
import type { PinnedProblem } from "@/store/runs";

export interface Tip {
  readonly anchor: DOMRect;
  readonly problems: readonly PinnedProblem[];
}

export const useTip = create<{ readonly tip: Tip | null }>(() => ({ tip: null }));

export function showTip(anchor: Element | null, problems: readonly PinnedProblem[] = []): void {
  if (anchor === null || problems.length === 0) {
    if (useTip.getState().tip !== null) useTip.setState({ tip: null });
    return;
  }
  useTip.setState({ tip: { anchor: anchor.getBoundingClientRect(), problems } });
}
