/** What of the graph on screen is marked while the inputs and outputs of a function are chosen. */
import { create } from "zustand";
import type { NodeKey } from "@/graph/document";
import type { Marks, NodeMarks } from "@/graph/functions/marks";

/** Null while nothing is chosen. */
export const useChosen = create<{ readonly marks: Marks | null }>(() => ({ marks: null }));

export function useMarks(node: NodeKey): NodeMarks | undefined {
  return useChosen(({ marks }) => marks?.get(node));
}
