import { Select } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { GraphPane } from "@/canvas/compare/GraphPane";
import { marksOf, withConflicts } from "@/canvas/compare/marks";
import { boundsIn, laid, type Sheet, sheetOf } from "@/canvas/compare/places";
import { centred, whole } from "@/canvas/compare/viewports";
import type { Difference } from "@/graph/diff";
import { type Document, type GraphId, type NodeKey, type Point, ROOT } from "@/graph/document";
import type { Viewport } from "@/graph/geometry";
import { useDefs } from "@/store/defs";
import styles from "./Stage.module.css";

interface Props {
  readonly documents: readonly [Document, Document];
  readonly labels: readonly [string, string];
  readonly differences: readonly Difference[];
  /** Both side by side, moved as one; else the newer with what was removed as ghosts. */
  readonly isBoth: boolean;
  readonly lit: { readonly graph: GraphId; readonly node: NodeKey } | null;
  /** Nodes of a merge that are to be decided. */
  readonly conflicts?: readonly { readonly graph: GraphId; readonly node: NodeKey }[];
}

const NONE: [] = [];

/** Graphs drawn to be looked at, with their differences marked. */
export function Panes({ documents, labels, differences, isBoth, lit, conflicts = NONE }: Props) {
  const { t } = useTranslation("versions");
  const defs = useDefs((state) => state.defs);
  const [graph, setGraph] = useState<GraphId>(ROOT);
  const [before, after] = documents;
  const sheets = useMemo(
    () => [sheetOf(before, graph, defs), sheetOf(after, graph, defs)] as const,
    [before, after, graph, defs],
  );
  const marks = useMemo(() => {
    const open = conflicts.filter((one) => one.graph === graph).map(({ node }) => node);
    const after = withConflicts(marksOf(differences, graph, "after"), open);
    return [marksOf(differences, graph, "before"), after] as const;
  }, [differences, graph, conflicts]);
  const { view, setView, setSize } = useView(sheets, lit, setGraph);
  const graphs = [...new Set([...after.graphs.ids, ...before.graphs.ids])];
  const [old, now] = sheets;
  const node = lit !== null && lit.graph === graph ? lit.node : null;
  const of = (sheet: Sheet | null, side: 0 | 1, ghosts: Sheet | null) => (
    <figure className={styles.pane}>
      {isBoth && <figcaption>{labels[side]}</figcaption>}
      {sheet !== null && (
        <GraphPane
          sheet={sheet}
          old={ghosts}
          marks={marks[side]}
          label={t("compareView.pane", { name: labels[side] })}
          view={view}
          onView={setView}
          onSize={setSize}
          lit={node}
        />
      )}
    </figure>
  );
  return (
    <div className={styles.panes}>
      {graphs.length > 1 && (
        <Select
          className={styles.graphs ?? ""}
          size="xs"
          aria-label={t("compareView.graph")}
          allowDeselect={false}
          value={graph}
          onChange={(id) => setGraph(id ?? ROOT)}
          data={graphs.map((id) => ({ value: id, label: nameOf(documents, id) ?? t("compareView.root") }))}
        />
      )}
      {isBoth && of(old, 0, null)}
      {of(now, 1, isBoth ? null : old)}
    </div>
  );
}

/** What both panes show of the graph; goes to what is looked at. */
function useView(
  sheets: readonly [Sheet | null, Sheet | null],
  lit: Props["lit"],
  show: (graph: GraphId) => void,
) {
  const [view, setView] = useState<Viewport>({ x: 0, y: 0, zoom: 1 });
  const [size, setSizeTo] = useState<Point>([0, 0]);
  const latest = useRef({ sheets, size, view });
  latest.current = { sheets, size, view };
  const [old, now] = sheets;
  const key = `${now?.id ?? old?.id} ${size[0] > 0}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: all of a graph is shown when it is shown first
  useEffect(() => {
    const { sheets, size } = latest.current;
    if (size[0] > 0) setView(whole(boundsIn(sheets), size));
  }, [key]);
  useEffect(() => {
    if (lit === null) return;
    show(lit.graph);
    // After the graph it lies in is there.
    const frame = requestAnimationFrame(() => {
      const { sheets, size, view } = latest.current;
      const [old, now] = sheets;
      const found = (now && laid(now, lit.node)) ?? (old && laid(old, lit.node));
      if (found != null) setView(centred(found.rect, size, view.zoom));
    });
    return () => cancelAnimationFrame(frame);
  }, [lit, show]);
  const setSize = (width: number, height: number) =>
    setSizeTo((was) => (was[0] === width && was[1] === height ? was : [width, height]));
  return { view, setView, setSize };
}

function nameOf(documents: readonly [Document, Document], id: GraphId): string | null {
  if (id === ROOT) return null;
  const name = (documents[1].graphs.by[id] ?? documents[0].graphs.by[id])?.info["name"];
  return typeof name === "string" && name !== "" ? name : id;
}
