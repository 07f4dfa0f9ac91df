import { type ReactFlowState, useStore, ViewportPortal } from "@xyflow/react";
import { useMemo } from "react";
import { useDefs } from "@/store/defs";
import { shownGraph, useEditor } from "@/store/editor";
import { useCompare, useDifferences, useSides } from "@/store/versions/compare";
import { useCanvas } from "../state";
import { MarkLayer } from "./MarkLayer";
import { marksOf } from "./marks";
import { sheetOf } from "./places";

/** About the zoom: only what makes marks another size is news. */
const zoomStep = ({ transform }: ReactFlowState) => Math.max(0.05, Math.round(transform[2] * 10) / 10);

/** What differs from an older version, marked on the canvas itself: it goes along with every edit. */
export function LiveMarks() {
  const sides = useSides();
  const differences = useDifferences();
  const graph = useEditor(shownGraph);
  const defs = useDefs((state) => state.defs);
  const moved = useCanvas((state) => state.moved);
  const isLive = useCompare(
    ({ comparison, mode }) => comparison?.after.version === null && mode === "canvas",
  );
  const lit = useCompare((state) => state.lit);
  const zoom = useStore(zoomStep);
  const marks = useMemo(() => marksOf(differences, graph), [differences, graph]);
  if (!isLive || sides === null) return null;
  const [before, after] = sides;
  const sheet = sheetOf(after, graph, defs);
  if (sheet === null) return null;
  return (
    <ViewportPortal>
      <MarkLayer
        marks={marks}
        sheet={sheet}
        old={sheetOf(before, graph, defs)}
        moved={moved}
        zoom={zoom}
        lit={lit?.graph === graph ? lit.node : null}
      />
    </ViewportPortal>
  );
}
