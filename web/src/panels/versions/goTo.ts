/** Brings what is different to the middle of the canvas. */
import { centerOn, showPlace } from "@/canvas/view";
import type { Difference } from "@/graph/diff";
import type { Document } from "@/graph/document";
import { boundsOf, centre } from "@/graph/geometry";
import { useEditor } from "@/store/editor";
import { pathTo } from "../pathTo";

export function goTo(difference: Difference, [before, after]: readonly [Document, Document]): void {
  if (!("node" in difference)) return;
  const { graph, node } = difference;
  const path = pathTo(after, graph);
  if (path === null) return;
  if (after.graphs.by[graph]?.nodes.by[node] !== undefined && difference.kind !== "nodeRemoved") {
    centerOn(path, node);
    return;
  }
  const ghost = before.graphs.by[graph]?.nodes.by[node];
  if (ghost === undefined) return;
  useEditor.setState({ path });
  // The graph has to be there first.
  requestAnimationFrame(() => showPlace(centre(boundsOf(ghost))));
}
