import { type CSSProperties, type PointerEvent, type ReactNode, useEffect, useRef } from "react";
import { Mode, type NodeKey } from "@/graph/document";
import { select, useEditor } from "@/store/editor";
import type { NodeState } from "@/store/runs";
import type { NodeData } from "../items";
import { useMarks } from "../marks";
import { schemeOn } from "../model/scheme";
import type { Shape } from "../model/shape";
import styles from "./GraphNode.module.css";
import { useNodeLabel } from "./useNodeLabel";

interface Props {
  readonly data: NodeData;
  readonly shape: Shape;
  readonly isSelected: boolean;
  readonly state: NodeState | undefined;
  readonly hasProblem?: boolean;
  readonly isUnknown?: boolean;
  readonly children: ReactNode;
}

/** The box every node comes in: its place, colours and state, and choosing it by a press. */
export function NodeFrame({ data, shape, isSelected, state, hasProblem, isUnknown, children }: Props) {
  const { key, record } = data;
  const frame = useRef<HTMLDivElement>(null);
  const label = useNodeLabel(data, shape, state);
  const shows = useMarks(key)?.shows;
  useEffect(() => {
    // The wrapper is what takes the keyboard, and React Flow makes it.
    frame.current?.parentElement?.setAttribute("aria-label", label);
  }, [label]);
  const style: CSSProperties = { width: shape.width, minHeight: shape.height };
  if (record.bgcolor !== null) Object.assign(style, { "--node": record.bgcolor });
  if (record.color !== null) Object.assign(style, { "--title": record.color });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the wrapper has the role and the keys
    // biome-ignore lint/a11y/useKeyWithClickEvents: the wrapper has the role and the keys
    <div
      ref={frame}
      className={styles.node}
      style={style}
      data-testid={`node-${key}`}
      data-node-type={record.type}
      data-state={state}
      data-mode={record.mode === Mode.MUTE ? "mute" : record.mode === Mode.BYPASS ? "bypass" : undefined}
      data-scheme={schemeOn(record.bgcolor ?? record.color)}
      data-selected={isSelected || undefined}
      data-problem={hasProblem || undefined}
      data-unknown={isUnknown || undefined}
      data-collapsed={shape.isCollapsed || undefined}
      data-chosen={shows ?? undefined}
      onPointerDown={(event) => choose(event, key)}
      onClick={(event) => chooseOnly(event, key)}
    >
      {children}
    </div>
  );
}

const isAdding = (event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) =>
  event.shiftKey || event.ctrlKey || event.metaKey;

/** What the press that is going on found chosen: a click on it then may let go of it. */
let wasChosen = false;

function choose(event: PointerEvent, key: NodeKey): void {
  const { selection, selectedGroups } = useEditor.getState();
  wasChosen = selection.has(key);
  if (event.button === 1 || wasChosen) return;
  if (isAdding(event)) select([...selection, key], selectedGroups);
  else select([key]);
}

function chooseOnly(event: React.MouseEvent, key: NodeKey): void {
  const { selection } = useEditor.getState();
  if (!wasChosen || selection.size < 2) {
    if (wasChosen && isAdding(event)) select([]);
    return;
  }
  if (isAdding(event)) select([...selection].filter((other) => other !== key));
  else if (event.target instanceof Element && event.target.closest(".nodrag") === null) select([key]);
}
