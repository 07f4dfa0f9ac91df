/** Notes: text on the canvas that never runs. */
import type { Draft } from "../change";
import { type GraphId, Mode, type NodeKey, type Point } from "../document";
import { nodeIds } from "../ids";
import { MARKDOWN_NOTE, NOTE } from "../kinds";
import { setValueAt } from "./widgets";

/** Add a note, plain or of Markdown. Returns its key. */
export function addNote(
  draft: Draft,
  graph: GraphId,
  at: Point,
  text = "",
  kind: "plain" | "markdown" = "markdown",
): NodeKey {
  const id = nodeIds(draft.graph(graph))();
  draft.put(graph, "nodes", String(id), {
    id,
    type: kind === "plain" ? NOTE : MARKDOWN_NOTE,
    pos: at,
    size: [300, 160],
    mode: Mode.ALWAYS,
    title: null,
    flags: {},
    color: "#432",
    bgcolor: "#653",
    inputs: [],
    outputs: [],
    values: [text],
    properties: {},
    rest: {},
  });
  return String(id);
}

export function setNoteText(draft: Draft, graph: GraphId, key: NodeKey, text: string): void {
  setValueAt(draft, graph, key, 0, text);
}
