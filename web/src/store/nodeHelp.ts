/** Which node a person reads about, and the way that led there. */
import { create } from "zustand";
import { showPanel } from "./shell";

interface NodeHelp {
  /** Classes, the one that is read last. Links within the pages make it longer. */
  readonly trail: readonly string[];
  /** Whether the page is to take the keyboard, because somebody went there. */
  readonly isGoing: boolean;
}

export const useNodeHelp = create<NodeHelp>(() => ({ trail: [], isGoing: false }));

/** Open the page of a class. Who searches on while reading keeps the keyboard. */
export function showNodeHelp(name: string, isGoing = true): void {
  useNodeHelp.setState({ trail: [name], isGoing });
  showPanel("node");
}

/** Read about another class; `readBack` returns. */
export function readOn(name: string): void {
  useNodeHelp.setState(({ trail }) => ({ trail: [...trail, name], isGoing: true }));
}

export function readBack(): void {
  useNodeHelp.setState(({ trail }) => ({ trail: trail.slice(0, -1), isGoing: true }));
}

/** Show another class in the panel that is open, as when another node is selected. */
export function follow(name: string): void {
  if (useNodeHelp.getState().trail.at(-1) !== name) useNodeHelp.setState({ trail: [name], isGoing: false });
}
