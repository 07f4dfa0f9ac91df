import { type PointerEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { GroupRecord, NodeKey, Point } from "@/graph/document";
import { isGroupPinned, moveAll, renameGroup, resizeGroup } from "@/graph/edit/groups";
import { isPinned } from "@/graph/edit/nodes";
import { GROUP_TITLE_HEIGHT, membersOf } from "@/graph/geometry";
import { perform, select, useEditor } from "@/store/editor";
import { setting } from "@/store/settings";
import { openMenu } from "../menus/menu";
import { InlineText } from "../nodes/InlineText";
import { CLICK, useCanvas } from "../state";
import { shown } from "../useShown";
import { viewport } from "../view";
import styles from "./GroupFrame.module.css";

interface Props {
  readonly id: string;
  readonly group: GroupRecord;
}

type Frame = GroupRecord["bounding"];
interface Drag {
  readonly from: Point;
  readonly nodes: ReadonlyMap<NodeKey, Point>;
  readonly frames: ReadonlyMap<string, Frame>;
  by: Point;
}

export function GroupFrame({ id, group }: Props) {
  const { t } = useTranslation("canvas");
  const live = useCanvas((state) => state.frames?.get(id));
  const isRenaming = useCanvas((state) => state.renamingGroup === id);
  const isSelected = useEditor((editor) => editor.selectedGroups.has(id));
  const [x, y, width, height] = live ?? group.bounding;
  const move = useMove(id, group);
  const size = useResize(id, group);
  return (
    <div
      className={styles.group}
      style={{ transform: `translate(${x}px, ${y}px)`, width, height }}
      data-group={id}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a frame is no form field */}
      <div
        className={`${styles.title} nopan`}
        style={{ height: GROUP_TITLE_HEIGHT }}
        role="group"
        aria-label={t("group.label", { title: group.title })}
        data-selected={isSelected || undefined}
        onDoubleClick={() => useCanvas.setState({ renamingGroup: id })}
        onContextMenu={(event) => {
          event.preventDefault();
          event.stopPropagation();
          openMenu({ kind: "group", group: id }, event);
        }}
        {...(isRenaming ? {} : move)}
      >
        {isRenaming ? (
          <InlineText
            label={t("group.rename")}
            value={group.title}
            onDone={(text) => {
              useCanvas.setState({ renamingGroup: null });
              if (text !== null)
                perform("steps:renameGroup", (draft, graph) => renameGroup(draft, graph, id, text));
            }}
          />
        ) : (
          <span className={styles.text}>{group.title}</span>
        )}
      </div>
      {!isGroupPinned(group) && <div className={`${styles.corner} nopan`} {...size} />}
    </div>
  );
}

/** Dragged by its title, a group takes along what lies in it. */
function useMove(id: string, group: GroupRecord) {
  const drag = useRef<Drag | null>(null);
  const end = (isDone: boolean) => {
    const now = drag.current;
    drag.current = null;
    useCanvas.setState({ moved: null, frames: null });
    if (now === null || !isDone || (now.by[0] === 0 && now.by[1] === 0)) return;
    perform("steps:moveGroup", (draft, graph) =>
      moveAll(draft, graph, now.nodes.keys(), now.frames.keys(), now.by),
    );
  };
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      const { graph, selection, selectedGroups } = shown();
      const isMore = event.shiftKey || event.ctrlKey || event.metaKey;
      if (!selectedGroups.has(id)) select(isMore ? selection : [], isMore ? [...selectedGroups, id] : [id]);
      if (isGroupPinned(group)) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      // Ctrl moves the frame alone.
      const members = event.ctrlKey || event.metaKey ? { nodes: [], groups: [] } : membersOf(graph, id);
      const nodes = new Map<NodeKey, Point>();
      for (const key of members.nodes) {
        const node = graph.nodes.by[key];
        if (node !== undefined && !isPinned(node)) nodes.set(key, node.pos);
      }
      const frames = new Map<string, Frame>([[id, group.bounding]]);
      for (const key of members.groups) {
        const inner = graph.groups.by[key];
        if (inner !== undefined) frames.set(key, inner.bounding);
      }
      drag.current = { from: [event.clientX, event.clientY], nodes, frames, by: [0, 0] };
    },
    onPointerMove: (event: PointerEvent) => {
      const now = drag.current;
      if (now === null) return;
      const { zoom } = viewport();
      const [px, py] = [event.clientX - now.from[0], event.clientY - now.from[1]];
      if (now.by[0] === 0 && now.by[1] === 0 && Math.hypot(px, py) < CLICK) return;
      const by = snapped([px / zoom, py / zoom], group.bounding);
      now.by = by;
      useCanvas.setState({
        moved: new Map([...now.nodes].map(([key, [x, y]]) => [key, [x + by[0], y + by[1]]])),
        frames: new Map([...now.frames].map(([key, [x, y, w, h]]) => [key, [x + by[0], y + by[1], w, h]])),
      });
    },
    onPointerUp: () => end(true),
    onPointerCancel: () => end(false),
  };
}

function snapped([x, y]: Point, [left, top]: Frame): Point {
  if (!setting("snap")) return [x, y];
  const grid = setting("gridSize");
  return [Math.round((left + x) / grid) * grid - left, Math.round((top + y) / grid) * grid - top];
}

const LEAST = 80;

function useResize(id: string, group: GroupRecord) {
  const from = useRef<Point | null>(null);
  const frameAt = (event: PointerEvent): Frame | null => {
    if (from.current === null) return null;
    const { zoom } = viewport();
    const [x, y, width, height] = group.bounding;
    const w = Math.max(LEAST, width + (event.clientX - from.current[0]) / zoom);
    const h = Math.max(LEAST, height + (event.clientY - from.current[1]) / zoom);
    return [x, y, Math.round(w), Math.round(h)];
  };
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = [event.clientX, event.clientY];
    },
    onPointerMove: (event: PointerEvent) => {
      const frame = frameAt(event);
      if (frame !== null) useCanvas.setState({ frames: new Map([[id, frame]]) });
    },
    onPointerUp: (event: PointerEvent) => {
      const frame = frameAt(event);
      from.current = null;
      useCanvas.setState({ frames: null });
      if (frame === null) return;
      const [x, y, width, height] = frame;
      perform("steps:resizeGroup", (draft, graph) => resizeGroup(draft, graph, id, { x, y, width, height }));
    },
    onPointerCancel: () => {
      from.current = null;
      useCanvas.setState({ frames: null });
    },
  };
}
