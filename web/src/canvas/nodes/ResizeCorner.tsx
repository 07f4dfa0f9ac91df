import { type PointerEvent, useRef } from "react";
import type { NodeKey, NodeRecord, Point } from "@/graph/document";
import { resize } from "../actions/nodes";
import { useCanvas } from "../state";
import { viewport } from "../view";
import styles from "./ResizeCorner.module.css";

interface Props {
  readonly node: NodeKey;
  readonly record: NodeRecord;
  /** The least size of the body. */
  readonly min: Point;
}

/** Sizes a node by its corner. A mouse only: with the keyboard a node is as large as it has to be. */
export function ResizeCorner({ node, record, min }: Props) {
  const drag = useRef<{ from: Point; size: Point } | null>(null);
  const sizeAt = (event: PointerEvent): Point | null => {
    const now = drag.current;
    if (now === null) return null;
    const { zoom } = viewport();
    const width = now.size[0] + (event.clientX - now.from[0]) / zoom;
    const height = now.size[1] + (event.clientY - now.from[1]) / zoom;
    return [Math.round(Math.max(min[0], width)), Math.round(Math.max(min[1], height))];
  };
  return (
    <div
      className={`${styles.corner} nodrag nopan`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { from: [event.clientX, event.clientY], size: record.size };
      }}
      onPointerMove={(event) => {
        const size = sizeAt(event);
        if (size !== null) useCanvas.setState({ sizes: new Map([[node, size]]) });
      }}
      onPointerUp={(event) => {
        const size = sizeAt(event);
        drag.current = null;
        if (size === null) return;
        resize(node, size);
        useCanvas.setState({ sizes: null });
      }}
      onPointerCancel={() => {
        drag.current = null;
        useCanvas.setState({ sizes: null });
      }}
    />
  );
}
