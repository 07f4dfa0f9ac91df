/** What can be done with nodes that are published workflows. */
import { navigate } from "@/app/route";
import { pinnedOf } from "@/graph/functions/upgrade";
import type { Command } from "@/store/commands";
import { shownGraph, useEditor } from "@/store/editor";
import { askUpgrade } from "@/store/functions/classes";

/** The one selected node, if it is a published workflow. */
function only() {
  const editor = useEditor.getState();
  const [node, another] = editor.selection;
  const graph = shownGraph(editor);
  const record = node === undefined ? undefined : editor.document.graphs.by[graph]?.nodes.by[node];
  const pinned = record === undefined || another !== undefined ? null : pinnedOf(record.type);
  return pinned === null || node === undefined ? null : { graph, node, pinned };
}

export const functionCommands: readonly Command[] = [
  {
    id: "function.upgrade",
    area: "node",
    when: () => only() !== null,
    run: () => {
      const found = only();
      if (found !== null) askUpgrade(found.graph, found.node);
    },
  },
  {
    id: "function.open",
    area: "node",
    when: () => only() !== null,
    run: async () => {
      const found = only();
      if (found === null) return;
      const { openWorkflow } = await import("@/store/versions");
      await openWorkflow(found.pinned.name, found.pinned.release);
    },
  },
  {
    id: "function.form",
    area: "node",
    when: () => only() !== null,
    run: () => {
      const found = only();
      if (found === null) return;
      const { name, release } = found.pinned;
      navigate({ kind: "form", reference: `${name}@${release}`, query: "" });
    },
  },
];
