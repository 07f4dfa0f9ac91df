import type { NodeKey } from "@/graph/document";
import { perform } from "@/store/editor";
import { fitView } from "../view";

/** Lay nodes out from left to right as they are linked. The layouter is fetched when it is first needed. */
export async function arrange(keys?: readonly NodeKey[]): Promise<void> {
  const { autoLayout } = await import("@/graph/edit/arrange");
  perform("steps:layout", (draft, graph) => autoLayout(draft, graph, keys));
  // Nothing is where it was: show where it went.
  if (keys === undefined) fitView();
}
