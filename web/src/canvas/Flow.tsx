import { ReactFlow, useReactFlow } from "@xyflow/react";
import { Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { later } from "@/api/parts";
import { shownGraph, useEditor } from "@/store/editor";
import { useSettings } from "@/store/settings";
import { useVersionStage } from "@/store/versions/stage";
import { GroupFrames } from "./groups/GroupFrames";
import { LinkLayer } from "./links/LinkLayer";
import { openMenu } from "./menus/menu";
import { BoundaryNode } from "./nodes/BoundaryNode";
import { GraphNode } from "./nodes/GraphNode";
import { NoteNode } from "./nodes/NoteNode";
import { RerouteNode } from "./nodes/RerouteNode";
import { useDropTarget } from "./pane/useDropTarget";
import { useNodeDrag } from "./pane/useNodeDrag";
import { usePaneGestures } from "./pane/usePaneGestures";
import { useStaging } from "./pane/useStaging";
import { arriveAt, attach, leaveGraph, MAX_ZOOM, MIN_ZOOM } from "./view";

const NODE_TYPES = { node: GraphNode, note: NoteNode, reroute: RerouteNode, boundary: BoundaryNode };
const LiveMarks = later(() => import("./compare/LiveMarks"), "LiveMarks");
const NONE: [] = [];
/** Middle and right button. A finger pans too. */
const PAN_BUTTONS = [1, 2];

/**
 * React Flow as the stage: the viewport, the nodes on it, dragging them. The editor's store is what is true; links,
 * selection and everything beyond the screen are ours, for the sake of graphs with thousands of nodes.
 */
export function Flow() {
  const { t } = useTranslation("canvas");
  const screen = useRef<HTMLDivElement>(null);
  const instance = useReactFlow();
  const navigation = useSettings((settings) => settings.navigation);
  const snap = useSettings((settings) => settings.snap);
  const gridSize = useSettings((settings) => settings.gridSize);
  const isComparing = useVersionStage(({ stage }) => stage === "compare");

  useEffect(() => (screen.current === null ? undefined : attach(instance, screen.current)), [instance]);
  useArrival();
  useStaging();
  const drag = useNodeDrag();
  const pane = usePaneGestures(screen);
  const drop = useDropTarget();

  return (
    <ReactFlow
      ref={screen}
      defaultNodes={NONE}
      nodeTypes={NODE_TYPES}
      minZoom={MIN_ZOOM}
      maxZoom={MAX_ZOOM}
      panOnDrag={PAN_BUTTONS}
      panOnScroll={navigation === "trackpad"}
      zoomOnScroll={navigation === "mouse"}
      zoomOnDoubleClick={false}
      panActivationKeyCode="Space"
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      deleteKeyCode={null}
      elementsSelectable={false}
      nodesConnectable={false}
      nodesFocusable
      selectNodesOnDrag={false}
      disableKeyboardA11y
      elevateNodesOnSelect={false}
      snapToGrid={snap}
      snapGrid={[gridSize, gridSize]}
      nodeDragThreshold={3}
      proOptions={{ hideAttribution: true }}
      aria-label={t("graph")}
      onNodeContextMenu={(event, node) => {
        event.preventDefault();
        openMenu({ kind: "node", node: node.id }, event);
      }}
      {...drag}
      {...pane}
      {...drop}
    >
      <LinkLayer />
      <GroupFrames />
      <Suspense fallback={null}>{isComparing && <LiveMarks />}</Suspense>
    </ReactFlow>
  );
}

/** Another graph is shown where it was left; one never seen as a whole. */
function useArrival(): void {
  const docId = useEditor((editor) => editor.docId);
  const graph = useEditor(shownGraph);
  useEffect(() => {
    const frame = requestAnimationFrame(() => arriveAt(docId, graph));
    return () => {
      cancelAnimationFrame(frame);
      leaveGraph(docId, graph);
    };
  }, [docId, graph]);
}
