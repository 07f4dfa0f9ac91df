import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { titleOf } from "@/graph/connect";
import { addressOf } from "@/store/address";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import { useRuns } from "@/store/runs";
import { useSettings } from "@/store/settings";
import { useStage } from "../stage";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { cornersNow } from "./corners";
import { draw, type Palette, type Scene } from "./draw";
import styles from "./LinkLayer.module.css";
import { LinkList } from "./LinkList";
import { linesOf } from "./wires";

/** One canvas under the nodes. Links number thousands; elements for each would be what makes a canvas slow. */
export function LinkLayer() {
  const { t } = useTranslation("canvas");
  const canvas = useRef<HTMLCanvasElement>(null);
  const flow = useStoreApi();

  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext("2d", { alpha: true });
    const parent = element?.parentElement;
    if (element == null || pen == null || parent == null) return;
    let palette = paletteOf(parent);
    let frame = 0;
    let marked = "";
    const paint = () => {
      frame = 0;
      const [x, y, zoom] = flow.getState().transform;
      const ratio = window.devicePixelRatio;
      const size = [parent.clientWidth, parent.clientHeight] as const;
      const [width, height] = [Math.round(size[0] * ratio), Math.round(size[1] * ratio)];
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
      }
      const scene = sceneNow();
      draw(pen, scene, { x, y, zoom }, size, ratio, palette);
      const { docId } = useEditor.getState();
      if (docId === marked || docId === "") return;
      marked = docId;
      // What the benchmark waits for.
      performance.mark("canvas-shown", { detail: { nodes: scene.graph.nodes.ids.length } });
    };
    const ask = () => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    const repaint = () => {
      palette = paletteOf(parent);
      ask();
    };
    const stops = [
      flow.subscribe((now, before) => {
        if (now.transform !== before.transform) ask();
      }),
      useEditor.subscribe(ask),
      useDefs.subscribe(ask),
      useCanvas.subscribe(ask),
      useStage.subscribe(ask),
      useSettings.subscribe(ask),
      useRuns.subscribe((now, before) => {
        // States show on nodes that are drawn; mounted ones look after themselves.
        if (now.nodes !== before.nodes && useStage.getState().isFar) ask();
      }),
    ];
    const resized = new ResizeObserver(ask);
    resized.observe(parent);
    const themed = new MutationObserver(repaint);
    themed.observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme", "style"] });
    ask();
    return () => {
      cancelAnimationFrame(frame);
      for (const stop of stops) stop();
      resized.disconnect();
      themed.disconnect();
    };
  }, [flow]);

  return (
    <canvas ref={canvas} className={styles.layer} aria-label={t("links")}>
      <LinkList />
    </canvas>
  );
}

function sceneNow(): Scene {
  const { id, graph, document, defs, selection, selectedGroups, path } = shown();
  const { frames, selectedLink, hoveredLink } = useCanvas.getState();
  const { mounted } = useStage.getState();
  const { nodes } = useRuns.getState();
  const lit = new Set([selectedLink, hoveredLink].filter((link) => link !== null));
  return {
    graph,
    lines: linesOf(document, defs, graph),
    corners: cornersNow(),
    frames,
    style: useSettings.getState().links,
    selection,
    selectedGroups,
    lit,
    isMounted: (node) => mounted.has(node),
    titleOf: (node) => titleOf(document, defs, id, node),
    stateOf: (node) => nodes[addressOf(node, path)]?.state,
  };
}

function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  // A custom property is not computed: a probe gives the colour that light-dark() comes to.
  const probe = document.createElement("i");
  element.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color || style.color;
  };
  const palette = {
    grid: read("--dr-grid"),
    node: read("--dr-node"),
    title: read("--dr-node-title"),
    border: read("--dr-node-border"),
    text: read("--dr-text"),
    accent: read("--dr-accent"),
    states: {
      running: read("--dr-running"),
      cached: read("--dr-cached"),
      done: read("--dr-done"),
      failed: read("--dr-failed"),
      blocked: read("--dr-blocked"),
    },
  };
  probe.remove();
  return palette;
}
