import { useStoreApi } from "@xyflow/react";
import { useEffect } from "react";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import { type Item, itemsOf } from "../items";
import { restage, useStage } from "../stage";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { hotNodes, onHotChange } from "./hot";

/** Nodes mounted in one frame: at rest, while the view moves, and to begin with. */
const AT_REST = 6;
const MOVING = 2;
const AT_FIRST = 24;

/** Keeps React Flow's nodes as the editor, the viewport and the pointer want them. */
export function useStaging(): void {
  const flow = useStoreApi();
  useEffect(() => {
    let items: ReadonlyMap<string, Item> = new Map();
    let frame = 0;
    let lastMove = 0;
    let isFirst = true;

    const push = () => {
      const list = itemsOf(shown(), useStage.getState().mounted, useCanvas.getState(), items);
      const isSame = list.length === items.size && list.every((item) => items.get(item.id) === item);
      if (isSame) return;
      items = new Map(list.map((item) => [item.id, item]));
      flow.getState().setNodes(list);
    };
    const look = () => {
      frame = 0;
      const { transform, width, height } = flow.getState();
      const [x, y, zoom] = transform;
      const { graph } = shown();
      if (width === 0) return ask();
      const screen = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
      const isMoving = performance.now() - lastMove < 120;
      const budget = isFirst ? AT_FIRST : isMoving ? MOVING : AT_REST;
      const more = restage(graph, { screen, zoom, hot: hotNodes(), budget });
      isFirst = isFirst && graph.nodes.ids.length === 0;
      push();
      if (more) ask();
    };
    const ask = () => {
      if (frame === 0) frame = requestAnimationFrame(look);
    };
    const stops = [
      flow.subscribe((now, before) => {
        if (now.transform === before.transform && now.width === before.width && now.height === before.height)
          return;
        lastMove = performance.now();
        ask();
      }),
      useEditor.subscribe((now, before) => {
        if (now.docId !== before.docId || now.path !== before.path) {
          useStage.setState({ mounted: new Set(), isFar: false, isTiny: false });
          isFirst = true;
        }
        // At once, so that what was just done is on screen with the next frame.
        push();
        ask();
      }),
      useDefs.subscribe(push),
      useCanvas.subscribe((now, before) => {
        if (now.moved !== before.moved || now.sizes !== before.sizes) push();
        if (now.renaming !== before.renaming) ask();
      }),
      onHotChange(ask),
    ];
    ask();
    return () => {
      cancelAnimationFrame(frame);
      for (const stop of stops) stop();
    };
  }, [flow]);
}
