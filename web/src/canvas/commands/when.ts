/** When commands can be done. */
import type { NodeKey, NodeRecord } from "@/graph/document";
import { defOf } from "@/graph/hosts";
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

/** Its class, if it is one that can be read about. */
export function onlyKnown(): string | null {
  const node = only();
  const { document, defs } = shown();
  return node !== null && defOf(document, defs, node.record) !== undefined ? node.record.type : null;
}

export function isHostChosen(): boolean {
  const node = only();
  return node !== null && shown().document.graphs.by[node.record.type] !== undefined;
}
