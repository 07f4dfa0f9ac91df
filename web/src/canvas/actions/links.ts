/** Gestures on links. */
import type { Point } from "@/graph/document";
import { insertReroute } from "@/graph/edit/links";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import { useCanvas } from "../state";

export function insertRerouteAt(link: string, [x, y]: Point): void {
  const { defs } = useDefs.getState();
  useCanvas.setState({ selectedLink: null, hoveredLink: null });
  perform(
    "steps:reroute",
    (draft, graph) => insertReroute(draft, defs, graph, link, [x - 37, y - 13]),
    (key) => (key === null ? [] : [key]),
  );
}
