/** Where the pointer is on the page, while it is over the canvas. */
import type { Point } from "@/graph/document";
import { useMenu } from "../menus/menu";
import { middle, toGraph } from "../view";

let pointer: Point | null = null;

export function followPointer(): () => void {
  const moved = (event: PointerEvent) => {
    const isHere = event.target instanceof Element && event.target.closest("[data-canvas]") !== null;
    pointer = isHere ? [event.clientX, event.clientY] : null;
  };
  document.addEventListener("pointermove", moved, { passive: true });
  return () => document.removeEventListener("pointermove", moved);
}

/** The place in the graph that is meant: of the menu that is open, else of the pointer, else the middle. */
export function meant(): Point {
  const at = useMenu.getState().asked?.at ?? pointer;
  return at === null ? middle() : toGraph(...at);
}
