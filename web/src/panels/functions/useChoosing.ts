import { useEffect } from "react";
import { useChosen } from "@/canvas/marks";
import { CLICK } from "@/canvas/state";
import { screenElement } from "@/canvas/view";
import { BOUNDARY_IN, BOUNDARY_OUT, type NodeKey } from "@/graph/document";
import { shownOutput } from "@/graph/functions/edit";
import { marksOf } from "@/graph/functions/marks";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import { declaredNow, here, toggleInputHere, toggleOutputHere } from "@/store/functions/declaring";
import "./choosing.css";

/** While the panel is open a click on the canvas chooses: a widget or a socket, or what a node saves. */
export function useChoosing(): void {
  useEffect(markWhatIsChosen, []);
  useEffect(() => {
    // Above the listeners that draw wires, so that they hear nothing of what is chosen.
    const canvas = screenElement()?.closest<HTMLElement>("[data-canvas]");
    if (canvas == null) return;
    let pressed: { readonly x: number; readonly y: number } | null = null;
    const press = (event: MouseEvent | TouchEvent) => {
      if ("clientX" in event) {
        if (event.button !== 0) return;
        pressed = { x: event.clientX, y: event.clientY };
      }
      if (pointedAt(event.target) === null) return;
      event.stopPropagation();
      if (event.cancelable && event.type !== "touchstart") event.preventDefault();
    };
    const click = (event: MouseEvent) => {
      const end = pointedAt(event.target);
      if (end !== null) {
        event.stopPropagation();
        event.preventDefault();
        return choose(end);
      }
      const isStill =
        pressed !== null && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < CLICK;
      const node = isStill ? nodeAt(event.target) : null;
      const shown = node === null ? null : shownOutput(here(), node);
      if (shown !== null) toggleOutputHere(shown.node, shown.slot);
    };
    const listened = ["pointerdown", "mousedown", "touchstart"] as const;
    canvas.dataset["choosing"] = "";
    for (const name of listened) canvas.addEventListener(name, press, { capture: true, passive: false });
    canvas.addEventListener("click", click, true);
    return () => {
      delete canvas.dataset["choosing"];
      for (const name of listened) canvas.removeEventListener(name, press, true);
      canvas.removeEventListener("click", click, true);
    };
  }, []);
}

type End =
  | { readonly kind: "input"; readonly node: NodeKey; readonly input: string }
  | { readonly kind: "output"; readonly node: NodeKey; readonly slot: number };

function choose(end: End): void {
  if (end.kind === "input") toggleInputHere(end.node, end.input);
  else toggleOutputHere(end.node, end.slot);
}

function pointedAt(target: EventTarget | null): End | null {
  if (!(target instanceof Element)) return null;
  const end = target.closest("[data-widget], [data-socket-in], [data-socket-out]");
  const node = end?.closest(".react-flow__node")?.getAttribute("data-id");
  if (end == null || node == null || node === BOUNDARY_IN || node === BOUNDARY_OUT) return null;
  const slot = end.getAttribute("data-socket-out");
  if (slot !== null) return { kind: "output", node, slot: Number(slot) };
  const input = end.getAttribute("data-widget") ?? end.getAttribute("data-socket-in");
  return input === null ? null : { kind: "input", node, input };
}

/** A node whose title or body was clicked; its buttons are for something else. */
function nodeAt(target: EventTarget | null): NodeKey | null {
  if (!(target instanceof Element) || target.closest("button, input, textarea, a") !== null) return null;
  return target.closest(".react-flow__node")?.getAttribute("data-id") ?? null;
}

function markWhatIsChosen(): () => void {
  let frame = 0;
  const mark = () => {
    frame = 0;
    useChosen.setState({ marks: marksOf(declaredNow(), here()) });
  };
  const soon = () => {
    if (frame === 0) frame = requestAnimationFrame(mark);
  };
  mark();
  const stops = [
    useEditor.subscribe((now, before) => {
      if (now.document !== before.document || now.path !== before.path) soon();
    }),
    useDefs.subscribe(soon),
  ];
  return () => {
    cancelAnimationFrame(frame);
    for (const stop of stops) stop();
    useChosen.setState({ marks: null });
  };
}
