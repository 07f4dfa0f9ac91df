import { type RefObject, useEffect } from "react";
import type { Point } from "@/graph/document";

/** In milliseconds; a little before browsers that ask for a menu themselves. */
const LONG = 480;
/** Pixels a finger may wander and still rest. */
const REST = 10;

/** A finger that rests asks for the menu of what is under it. Not all browsers do that by themselves. */
export function useLongPress(
  screen: RefObject<HTMLElement | null>,
  onPane: (at: { readonly clientX: number; readonly clientY: number }) => void,
): void {
  useEffect(() => {
    const element = screen.current;
    if (element === null) return;
    let timer = 0;
    let start: Point | null = null;
    let hasAsked = false;
    const stop = () => {
      window.clearTimeout(timer);
      start = null;
    };
    const down = (event: PointerEvent) => {
      stop();
      hasAsked = false;
      const { target, clientX, clientY } = event;
      // A second finger pinches; in texts a long press marks a word.
      if (event.pointerType !== "touch" || !event.isPrimary || !(target instanceof Element)) return;
      if (target.closest("input, textarea, select") !== null) return;
      start = [clientX, clientY];
      timer = window.setTimeout(() => {
        stop();
        hasAsked = true;
        // React Flow takes the pane's menu from the right button alone.
        if (target.classList.contains("react-flow__pane")) return onPane({ clientX, clientY });
        target.dispatchEvent(
          new MouseEvent("contextmenu", { bubbles: true, cancelable: true, clientX, clientY }),
        );
      }, LONG);
    };
    const move = ({ clientX, clientY }: PointerEvent) => {
      if (start !== null && Math.hypot(clientX - start[0], clientY - start[1]) > REST) stop();
    };
    const lifted = (event: TouchEvent) => {
      // Or the browser makes a click of it, which closes the menu.
      if (hasAsked && event.cancelable) event.preventDefault();
      hasAsked = false;
    };
    // The browser asked first, or asks once more after us.
    const asked = (event: MouseEvent) => {
      stop();
      if (!event.isTrusted || !hasAsked) return;
      event.preventDefault();
      event.stopPropagation();
    };
    const signal = new AbortController();
    const options = { capture: true, signal: signal.signal };
    element.addEventListener("pointerdown", down, options);
    element.addEventListener("pointermove", move, options);
    for (const name of ["pointerup", "pointercancel"] as const) element.addEventListener(name, stop, options);
    element.addEventListener("touchend", lifted, { ...options, passive: false });
    element.addEventListener("contextmenu", asked, options);
    return () => {
      stop();
      signal.abort();
    };
  }, [screen, onPane]);
}
