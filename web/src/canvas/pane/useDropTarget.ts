import { type DragEvent, useMemo } from "react";
import { useDefs } from "@/store/defs";
import { addNodeOf } from "../actions/nodes";
import { uploadInput, uploadInto } from "../actions/upload";
import { setValue } from "../actions/widgets";
import { toGraph } from "../view";
import { nodeUnder } from "./usePaneGestures";

/** What may be dragged here from the panels: a node class by name, with values for its widgets. */
export const NODE_MEDIA = "application/x-darkroom-node";

/** Files dropped on a node that loads them, and classes dragged from panels. Other files are for the page to open. */
export function useDropTarget() {
  return useMemo(
    () => ({
      onDragOver: (event: DragEvent) => {
        if (event.dataTransfer.types.includes(NODE_MEDIA)) event.preventDefault();
      },
      onDrop: (event: DragEvent) => {
        const at = [event.clientX, event.clientY] as const;
        const node = nodeUnder(at);
        const [file] = event.dataTransfer.files;
        if (node !== null && file?.type.startsWith("image/") && uploadInput(node)) {
          // Heard by the page as well, which shows then that nothing hovers over it any more.
          event.preventDefault();
          void uploadInto(node, file);
          return;
        }
        const dragged = readDragged(event.dataTransfer.getData(NODE_MEDIA));
        const def = dragged === null ? undefined : useDefs.getState().defs.get(dragged.type);
        if (dragged === null || def === undefined) return;
        event.preventDefault();
        const key = addNodeOf(def, toGraph(...at));
        for (const [name, value] of Object.entries(dragged.values)) setValue(key, name, value);
      },
    }),
    [],
  );
}

function readDragged(text: string): { type: string; values: Record<string, string> } | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("type" in value)) return null;
    const given = "values" in value && typeof value.values === "object" ? value.values : {};
    const entries = Object.entries(given ?? {}).map(([name, one]) => [name, String(one)]);
    return { type: String(value.type), values: Object.fromEntries(entries) };
  } catch {
    return null;
  }
}
