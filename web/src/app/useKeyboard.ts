import { useEffect } from "react";
import { type Area, useCommands } from "@/store/commands";
import { dispatch, focusOf } from "./dispatch";

/** Holding the key down must not do these again and again. */
const ONCE: ReadonlySet<Area> = new Set(["run", "file", "panel", "help"]);

/** Turns key presses anywhere on the page into commands. What a component handled itself is left alone. */
export function useKeyboard(): void {
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      if (event.key === "Tab" && !isByPointer(target)) return;
      const { command, isOurs } = dispatch(event, focusOf(target), useCommands.getState().all);
      if (isOurs) event.preventDefault();
      if (command !== null && !(event.repeat && ONCE.has(command.area))) void command.run();
    };
    window.addEventListener("keydown", heard);
    return () => window.removeEventListener("keydown", heard);
  }, []);
}

/**
 * Tab opens the node palette for those who clicked the canvas, as they know it, and moves on for those who came
 * by keyboard: nobody is trapped.
 */
function isByPointer(target: Element | null): boolean {
  return target?.closest("main") != null && !target.matches(":focus-visible");
}
