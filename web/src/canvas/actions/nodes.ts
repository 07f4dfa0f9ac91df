/** Gestures on nodes, as one step each. */
import type { NodeDef } from "@/graph/defs";
import { BOUNDARY_IN, BOUNDARY_OUT, type NodeKey, type Point } from "@/graph/document";
import { fitInto, insertInto } from "@/graph/edit/links";
import * as nodes from "@/graph/edit/nodes";
import { setNoteText } from "@/graph/edit/notes";
import { freePlace, TITLE_HEIGHT } from "@/graph/geometry";
import { isObject } from "@/graph/json";
import { linkIndex } from "@/graph/links";
import { useDefs } from "@/store/defs";
import { perform, select, useEditor } from "@/store/editor";
import { useSettings } from "@/store/settings";
import { cornersNow } from "../links/corners";
import { lineAt, linesOf } from "../links/wires";
import { remember } from "../palette/recent";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { toGraph } from "../view";

/** The nodes chosen, or those of a menu that was opened on one that is not. */
export function chosen(): readonly NodeKey[] {
  return [...useEditor.getState().selection];
}

export function addNodeOf(def: NodeDef, at: Point): NodeKey {
  remember(def.name);
  return perform(
    "steps:addNode",
    (draft, graph) => nodes.addNode(draft, graph, def, freePlace(draft.graph(graph), at)),
    (key) => [key],
  );
}

/** Where a node goes that is added at a place: its title under the pointer. */
export function around([x, y]: Point): Point {
  return [Math.round(x - 40), Math.round(y + TITLE_HEIGHT / 2)];
}

/** Put nodes that were dragged where they are; one that is let go on a link it fits into goes into it. */
export function dropNodes(moved: ReadonlyMap<NodeKey, Point>, pointer: Point | null): void {
  const { defs } = useDefs.getState();
  const [first] = moved.keys();
  const link = moved.size === 1 && first !== undefined && pointer !== null ? linkUnder(first, pointer) : null;
  perform("steps:move", (draft, graph) => {
    nodes.move(draft, graph, moved);
    for (const end of [BOUNDARY_IN, BOUNDARY_OUT]) {
      const at = moved.get(end);
      if (at === undefined) continue;
      const key = end === BOUNDARY_IN ? "inputNode" : "outputNode";
      const { info } = draft.graph(graph);
      const node = isObject(info[key]) ? info[key] : { id: Number(end) };
      const old = Array.isArray(node["bounding"]) ? node["bounding"] : [0, 0, 140, 100];
      draft.info(graph, { ...info, [key]: { ...node, bounding: [at[0], at[1], ...old.slice(2)] } });
    }
    if (link !== null && first !== undefined) insertInto(draft, defs, graph, first, link);
  });
}

/** The link under the pointer that a node without links of its own would fit into. */
function linkUnder(key: NodeKey, [x, y]: Point): string | null {
  const { id, graph, document, defs } = shown();
  const style = useSettings.getState().links;
  const index = linkIndex(graph);
  if (style === "hidden" || index.into(key).size > 0 || index.outOf(key).length > 0) return null;
  const link = lineAt(linesOf(document, defs, graph), cornersNow(), style, toGraph(x, y), 14);
  return link !== null && fitInto({ document }, defs, id, key, link) !== null ? link : null;
}

export function resize(key: NodeKey, size: Point): void {
  perform("steps:resize", (draft, graph) => nodes.resize(draft, graph, key, size));
}

export function beginRename(key: NodeKey): void {
  select([key]);
  useCanvas.setState({ renaming: key });
}

export function rename(key: NodeKey, title: string): void {
  perform("steps:rename", (draft, graph) => nodes.rename(draft, graph, key, title));
}

/** Collapse nodes, or open them if all are collapsed. */
export function collapse(keys: readonly NodeKey[]): void {
  perform("steps:collapse", (draft, graph) => {
    const { by } = draft.graph(graph).nodes;
    const isAll = keys.every((key) => by[key]?.flags["collapsed"] === true);
    nodes.setCollapsed(draft, graph, keys, !isAll);
  });
}

export function pin(keys: readonly NodeKey[]): void {
  perform("steps:pin", (draft, graph) => {
    const { by } = draft.graph(graph).nodes;
    const isAll = keys.every((key) => by[key]?.flags["pinned"] === true);
    nodes.setPinned(draft, graph, keys, !isAll);
  });
}

export function setNote(key: NodeKey, text: string): void {
  perform("steps:note", (draft, graph) => setNoteText(draft, graph, key, text));
}
