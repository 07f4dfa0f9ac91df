import { useEffect } from "react";
import type { NodeKey, Point } from "@/graph/document";
import { endsOf } from "../model/ends";
import { CLICK } from "../state";
import { shown } from "../useShown";
import { dropWire } from "./dropWire";
import { beginMove, beginWire, endWire, moveWire, useWire } from "./wire";

interface Press {
  readonly pointer: number;
  readonly at: Point;
  readonly node: NodeKey;
  readonly socket: Element;
}

/**
 * Drawing links, for mouse and finger alike: drag from one socket to another, or tap one and then the other. All
 * by one set of listeners, as there are thousands of sockets.
 */
export function useWiring(screen: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const element = screen.current;
    if (element === null) return;
    let press: Press | null = null;
    /** The wire follows the pointer without a button, until it is put down. */
    let isCarried = false;

    const down = (event: PointerEvent) => {
      if (event.button !== 0 || !event.isPrimary) return;
      const at: Point = [event.clientX, event.clientY];
      if (isCarried) {
        isCarried = false;
        stop(event);
        dropWire(at, true);
        return;
      }
      const socket = socketOf(event.target);
      const node = socket?.closest(".react-flow__node")?.getAttribute("data-id");
      if (socket === null || node == null) return;
      stop(event);
      // Fingers are captured by what they touch first; a wire has to see what is under them.
      if (socket.hasPointerCapture(event.pointerId)) socket.releasePointerCapture(event.pointerId);
      press = { pointer: event.pointerId, at, node, socket };
      begin(press, event);
    };
    const move = (event: PointerEvent) => {
      if (press !== null || isCarried) moveWire([event.clientX, event.clientY]);
    };
    const up = (event: PointerEvent) => {
      if (press === null || event.pointerId !== press.pointer) return;
      const at: Point = [event.clientX, event.clientY];
      const isTap = Math.hypot(at[0] - press.at[0], at[1] - press.at[1]) < CLICK;
      const { node, socket } = press;
      press = null;
      if (!isTap) return dropWire(at);
      isCarried = useWire.getState().wire !== null;
      // A tap picks nothing up: it must not take a second one to leave a link alone.
      const input = socket.getAttribute("data-socket-in");
      if (input !== null) beginWire({ kind: "input", end: { node, input } }, at);
    };
    const cancel = () => {
      press = null;
      isCarried = false;
      endWire();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || useWire.getState().wire === null) return;
      event.stopPropagation();
      event.preventDefault();
      cancel();
    };
    element.addEventListener("pointerdown", down, true);
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", cancel);
    window.addEventListener("blur", cancel);
    window.addEventListener("keydown", key, true);
    // d3-drag listens for the older events; on a socket they are not its business.
    const older = (event: Event) => {
      if (socketOf(event.target) !== null && !("button" in event && event.button !== 0))
        event.stopPropagation();
    };
    element.addEventListener("mousedown", older, true);
    element.addEventListener("touchstart", older, { capture: true, passive: true });
    return () => {
      element.removeEventListener("pointerdown", down, true);
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", cancel);
      window.removeEventListener("blur", cancel);
      window.removeEventListener("keydown", key, true);
      element.removeEventListener("mousedown", older, true);
      element.removeEventListener("touchstart", older, true);
    };
  }, [screen]);
}

function stop(event: Event): void {
  event.stopPropagation();
  event.preventDefault();
}

function socketOf(target: EventTarget | null): Element | null {
  return target instanceof Element ? target.closest("[data-socket-in], [data-socket-out]") : null;
}

function begin({ node, socket, at }: Press, event: PointerEvent): void {
  const output = socket.getAttribute("data-socket-out");
  if (output !== null) {
    const end = { node, slot: Number(output) };
    if (event.shiftKey) beginMove(end, at);
    else beginWire({ kind: "output", end }, at);
    return;
  }
  const input = socket.getAttribute("data-socket-in") ?? "";
  const { graph } = shown();
  const link = endsOf(graph).get(node)?.inputs.get(input);
  // A linked input gives its link into the hand; with Shift a second one begins there.
  if (link !== undefined && !event.shiftKey) {
    beginWire({ kind: "output", end: { node: link.from, slot: link.fromSlot } }, at, String(link.id));
  } else beginWire({ kind: "input", end: { node, input } }, at);
}
