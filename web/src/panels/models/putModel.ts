/** A model file into the selected node that takes it, or into a new one. */
import { middle } from "@/canvas/view";
import { addNode } from "@/graph/edit/nodes";
import { setWidget } from "@/graph/edit/widgets";
import { useDefs } from "@/store/defs";
import { perform, shownGraph, useEditor } from "@/store/editor";
import { loaderOf, takerAmong } from "./loaders";

/** Returns false if this server has no node that takes it. */
export function putModel(kind: string, name: string): boolean {
  const { defs } = useDefs.getState();
  const editor = useEditor.getState();
  const shown = editor.document.graphs.by[shownGraph(editor)];
  const taker = shown === undefined ? null : takerAmong(editor.selection, shown, name, defs);
  const loader = loaderOf(kind, name, defs);
  if (taker === null && loader === null) return false;
  perform(
    "steps:useModel",
    (draft, graph) => {
      if (taker !== null) {
        setWidget(draft, defs, graph, taker.node, taker.input, name);
        return [...editor.selection];
      }
      if (loader === null) return [];
      const node = addNode(draft, graph, loader.def, middle());
      setWidget(draft, defs, graph, node, loader.input, name);
      return [node];
    },
    (nodes) => nodes,
  );
  return true;
}
