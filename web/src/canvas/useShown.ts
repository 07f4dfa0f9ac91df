/** The graph on screen, as components see it. */

import type { Graph } from "@/graph/document";
import { useDefs } from "@/store/defs";
import { EMPTY_GRAPH, shownGraph, useEditor } from "@/store/editor";

export function useShownGraph(): Graph {
  return useEditor((editor) => editor.document.graphs.by[shownGraph(editor)] ?? EMPTY_GRAPH);
}

/** The graph on screen and what is needed to understand it, now. */
export function shown() {
  const editor = useEditor.getState();
  const id = shownGraph(editor);
  const { document, path, selection, selectedGroups } = editor;
  const graph = document.graphs.by[id] ?? EMPTY_GRAPH;
  return { id, graph, document, path, selection, selectedGroups, defs: useDefs.getState().defs };
}
