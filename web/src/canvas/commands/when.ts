/** When commands can be done. */
import type { NodeKey, NodeRecord } from "@/graph/document";
import { useEditor } from "@/store/editor";
import { useCanvas } from "../state";
import { shown } from "../useShown";

export const hasNodes = () => useEditor.getState().selection.size > 0;
export const hasMany = () => useEditor.getState().selection.size > 1;
export const hasGroup = () => useEditor.getState().selectedGroups.size > 0;
export const hasAny = () => hasNodes() || hasGroup();
export const hasLink = () => useCanvas.getState().selectedLink !== null;

/** The one node chosen, if it is just one. */
export function only(): { readonly key: NodeKey; readonly record: NodeRecord } | null {
  const { graph, selection } = shown();
  const [key] = selection;
  const record = key === undefined ? undefined : graph.nodes.by[key];
  return selection.size === 1 && key !== undefined && record !== undefined ? { key, record } : null;
}

export function isHostChosen(): boolean {
  const node = only();
  return node !== null && shown().document.graphs.by[node.record.type] !== undefined;
}
