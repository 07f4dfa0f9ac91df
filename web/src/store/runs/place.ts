/** From the address of a node, as runs and problems name it, to the node of the open workflow. */
import { type Document, type NodeKey, type NodeRecord, ROOT } from "@/graph/document";
import { useDefs } from "../defs";
import { type Entered, useEditor } from "../editor";

export interface Located {
  /** The subgraphs to go into, from the root on. */
  readonly path: readonly Entered[];
  readonly node: NodeKey;
  readonly record: NodeRecord;
}

/** Null if the workflow has no such node (any more). */
export function locate(address: string, document: Document = useEditor.getState().document): Located | null {
  const keys = address.split(":");
  const path: Entered[] = [];
  let graph = ROOT;
  for (const [index, node] of keys.entries()) {
    const record = document.graphs.by[graph]?.nodes.by[node];
    if (record === undefined) return null;
    if (index === keys.length - 1) return { path, node, record };
    path.push({ graph, host: node, shows: record.type });
    graph = record.type;
  }
  return null;
}

/** What a person calls the node at an address. */
export function titleAt(address: string, document?: Document): string {
  const found = locate(address, document);
  if (found === null) return `#${address}`;
  const { record } = found;
  const name = document?.graphs.by[record.type]?.info["name"];
  const title = record.title ?? useDefs.getState().defs.get(record.type)?.title;
  return title ?? (typeof name === "string" ? name : record.type);
}
