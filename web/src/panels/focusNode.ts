import type { NodeKey } from "@/graph/document";
import { type Entered, select, useEditor } from "@/store/editor";

/** Show a node: go into the subgraph it lies in, select it, bring it to the middle. */
export async function focusNode(path: readonly Entered[], node: NodeKey): Promise<void> {
  useEditor.setState({ path });
  select([node]);
}
