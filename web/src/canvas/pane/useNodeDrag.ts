import type { OnNodeDrag } from "@xyflow/react";
import { useMemo } from "react";
import type { NodeKey, Point } from "@/graph/document";
import { BOUNDARY_IN, BOUNDARY_OUT } from "@/graph/document";
import { isPinned } from "@/graph/edit/nodes";
import { select } from "@/store/editor";
import { duplicate } from "../actions/clipboard";
import { dropNodes } from "../actions/nodes";
import type { Item } from "../items";
import { cornerOf } from "../model/shape";
import { useCanvas } from "../state";
import { shown } from "../useShown";

interface Drag {
  readonly start: Point;
  readonly places: ReadonlyMap<NodeKey, Point>;
}

/** Dragging nodes: all that is selected goes along, also what is not on screen; the document hears of it at the end. */
export function useNodeDrag() {
  return useMemo(() => {
    let drag: Drag | null = null;
    const onNodeDragStart: OnNodeDrag<Item> = (event, node) => {
      const { graph, selection } = shown();
      // Alt leaves the nodes where they are and drags copies of them.
      if (event.altKey && node.type !== "boundary") duplicate([0, 0]);
      const keys = selection.has(node.id) ? shown().selection : new Set([node.id]);
      if (!selection.has(node.id) && node.type !== "boundary") select([node.id]);
      const places = new Map<NodeKey, Point>();
      for (const key of keys) {
        const record = graph.nodes.by[key] ?? shown().graph.nodes.by[key];
        if (record !== undefined && !isPinned(record)) places.set(key, record.pos);
      }
      if (node.id === BOUNDARY_IN || node.id === BOUNDARY_OUT) {
        places.set(node.id, [node.position.x, node.position.y]);
      }
      const record = graph.nodes.by[node.id];
      const start = record === undefined ? ([node.position.x, node.position.y] as const) : cornerOf(record);
      drag = { start, places };
    };
    const onNodeDrag: OnNodeDrag<Item> = (_, node) => {
      if (drag === null) return;
      const [dx, dy] = [node.position.x - drag.start[0], node.position.y - drag.start[1]];
      const moved = new Map<NodeKey, Point>();
      for (const [key, [x, y]] of drag.places) moved.set(key, [x + dx, y + dy]);
      useCanvas.setState({ moved });
    };
    const onNodeDragStop: OnNodeDrag<Item> = (event) => {
      const { moved } = useCanvas.getState();
      drag = null;
      if (moved === null) return;
      dropNodes(moved, "clientX" in event ? [event.clientX, event.clientY] : null);
      useCanvas.setState({ moved: null });
    };
    return { onNodeDragStart, onNodeDrag, onNodeDragStop };
  }, []);
}
