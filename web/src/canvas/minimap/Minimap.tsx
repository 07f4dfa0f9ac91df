import { useStoreApi } from "@xyflow/react";
import { type PointerEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { boundsOf, boundsOfAll, fit as fitFrame, union, type Viewport } from "@/graph/geometry";
import { useEditor } from "@/store/editor";
import { cornersNow } from "../links/corners";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { onScreen, showPlace } from "../view";
import styles from "./Minimap.module.css";

const WIDTH = 200;
const HEIGHT = 140;

/** The whole graph, small, and what of it is on screen. Drag to go there. */
export function Minimap() {
  const { t } = useTranslation("canvas");
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef<Viewport>({ x: 0, y: 0, zoom: 1 });
  const flow = useStoreApi();
  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext("2d");
    if (element == null || pen == null) return;
    let frame = 0;
    const paint = () => {
      frame = 0;
      view.current = drawMap(pen, element);
    };
    const ask = () => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    const stops = [flow.subscribe(ask), useEditor.subscribe(ask), useCanvas.subscribe(ask)];
    ask();
    return () => {
      cancelAnimationFrame(frame);
      for (const stop of stops) stop();
    };
  }, [flow]);
  const go = (event: PointerEvent<HTMLElement>) => {
    if (event.buttons === 0) return;
    const box = event.currentTarget.getBoundingClientRect();
    const { x, y, zoom } = view.current;
    showPlace([(event.clientX - box.left - x) / zoom, (event.clientY - box.top - y) / zoom]);
  };
  return (
    <canvas
      ref={canvas}
      className={styles.map}
      style={{ width: WIDTH, height: HEIGHT }}
      role="img"
      aria-label={t("minimap")}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
    />
  );
}

function drawMap(pen: CanvasRenderingContext2D, element: HTMLCanvasElement): Viewport {
  const { graph, selection } = shown();
  const ratio = window.devicePixelRatio;
  element.width = WIDTH * ratio;
  element.height = HEIGHT * ratio;
  const screen = onScreen();
  const all = union([boundsOfAll(graph, graph.nodes.ids, graph.groups.ids) ?? [], screen].flat()) ?? screen;
  const view = fitFrame(all, [WIDTH, HEIGHT], 10, 0.001, 0.3);
  pen.setTransform(ratio * view.zoom, 0, 0, ratio * view.zoom, ratio * view.x, ratio * view.y);
  const style = getComputedStyle(element);
  for (const key of graph.groups.ids) {
    const group = graph.groups.by[key];
    if (group === undefined) continue;
    pen.globalAlpha = 0.35;
    pen.fillStyle = group.color ?? "#3f789e";
    pen.fillRect(...group.bounding);
  }
  pen.globalAlpha = 1;
  const corners = cornersNow();
  for (const key of graph.nodes.ids) {
    const node = graph.nodes.by[key];
    const corner = corners.get(key);
    if (node === undefined || corner === undefined) continue;
    const { width, height } = boundsOf(node);
    pen.fillStyle = selection.has(key) ? style.accentColor : (node.bgcolor ?? style.color);
    pen.fillRect(corner[0], corner[1], width, height);
  }
  pen.strokeStyle = style.accentColor;
  pen.lineWidth = 1.5 / view.zoom;
  pen.strokeRect(screen.x, screen.y, screen.width, screen.height);
  return view;
}
