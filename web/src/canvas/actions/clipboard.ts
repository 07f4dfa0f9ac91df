/** Copying and pasting nodes, in this tab and between tabs. */
import type { Point } from "@/graph/document";
import * as clip from "@/graph/edit/clipboard";
import { ungroup } from "@/graph/edit/groups";
import { removeNodes } from "@/graph/edit/nodes";
import { useDefs } from "@/store/defs";
import { perform, select } from "@/store/editor";
import { refuse } from "../links/wire";
import { shown } from "../useShown";
import { toPage } from "../view";

/** What is chosen, as text; null if nothing is. */
export function copied(): string | null {
  const { document, id, selection, selectedGroups } = shown();
  if (selection.size === 0 && selectedGroups.size === 0) return null;
  return clip.copy(document, id, selection, selectedGroups);
}

export function pasted(text: string, options: clip.PasteOptions): void {
  const result = perform("steps:paste", (draft, graph) =>
    clip.paste(draft, useDefs.getState().defs, graph, text, options),
  );
  settle(result, options.at);
}

/** Copies of what is chosen, moved by so much. */
export function duplicate(by?: Point): void {
  const { id, graph, selection, selectedGroups } = shown();
  if (selection.size === 0 && selectedGroups.size === 0) return;
  const result = perform("steps:duplicate", (draft) => {
    const made = clip.duplicate(draft, useDefs.getState().defs, id, selection, selectedGroups, {
      connect: true,
    });
    const [first] = made.ok ? made.nodes : [];
    const [original] = graph.nodes.ids.filter((key) => selection.has(key));
    // Where the originals are, so that a drag moves the copies away from them.
    if (by !== undefined && made.ok && first !== undefined && original !== undefined) {
      const [a, b] = [draft.graph(id).nodes.by[first]?.pos, graph.nodes.by[original]?.pos];
      if (a !== undefined && b !== undefined) {
        for (const key of made.nodes) {
          const node = draft.graph(id).nodes.by[key];
          if (node === undefined) continue;
          const pos: Point = [node.pos[0] - a[0] + b[0] + by[0], node.pos[1] - a[1] + b[1] + by[1]];
          draft.put(id, "nodes", key, { ...node, pos });
        }
      }
    }
    return made;
  });
  settle(result);
}

function settle(result: clip.PasteResult, at?: Point): void {
  if (result.ok) select(result.nodes, result.groups);
  else refuse(toPage(at ?? [0, 0]), result.code, "");
}

export function removeChosen(reconnect = false): void {
  const { selection, selectedGroups } = shown();
  perform("steps:remove", (draft, graph) => {
    removeNodes(draft, useDefs.getState().defs, graph, selection, { reconnect });
    ungroup(draft, graph, selectedGroups);
  });
}
