/** Nodes by their way down from the root, as the server names those inside subgraphs: `12:7:3`. */
import type { NodeKey } from "@/graph/document";
import { type Entered, useEditor } from "./editor";

export function addressOf(node: NodeKey, path: readonly Entered[] = useEditor.getState().path): string {
  return [...path.map((step) => step.host), node].join(":");
}
