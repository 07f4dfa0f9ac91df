/** Nodes that are mounted wherever they are and however many there are, because somebody is about to use them. */
import type { NodeKey } from "@/graph/document";
import { useEditor } from "@/store/editor";
import { useCanvas } from "../state";

let pointed: NodeKey | null = null;
let focused: NodeKey | null = null;
const listeners = new Set<() => void>();

export function onHotChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setPointed(node: NodeKey | null): void {
  if (pointed === node) return;
  pointed = node;
  for (const listener of listeners) listener();
}

export function setFocused(node: NodeKey | null): void {
  if (focused === node) return;
  focused = node;
  for (const listener of listeners) listener();
}

export function focusedNode(): NodeKey | null {
  return focused;
}

export function hotNodes(): ReadonlySet<NodeKey> {
  const { renaming, moved } = useCanvas.getState();
  const { selection } = useEditor.getState();
  const hot = new Set<NodeKey>();
  for (const node of [pointed, focused, renaming]) if (node !== null) hot.add(node);
  // One that is dragged or was just chosen; of many chosen the picture is enough.
  if (selection.size === 1 || (moved !== null && selection.size < 20))
    for (const node of selection) hot.add(node);
  return hot;
}
