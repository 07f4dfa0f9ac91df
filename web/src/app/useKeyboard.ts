import { useEffect } from "react";
import { type Area, useCommands } from "@/store/commands";
import { perform } from "@/store/perform";
import { dispatch, focusOf } from "./dispatch";

/** Holding the key down must not do these again and again. */
const ONCE: ReadonlySet<Area> = new Set(["run", "file", "panel", "help"]);

/** Turns key presses anywhere on the page into commands. What a component handled itself is left alone. */
export function useKeyboard(): void {
  useEffect(() => {
    // Tab opens the node palette for those who clicked the canvas, as they know it, and moves on for those who
    // came by keyboard: nobody is trapped.
    let isPointed = false;
    const pointed = (event: PointerEvent) => {
      isPointed = event.target instanceof Element && event.target.closest("main") !== null;
    };
    const heard = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      const focus = focusOf(target);
      if (event.key === "Tab" && !(isPointed && focus === "canvas" && !event.shiftKey)) {
        isPointed = false;
        return;
      }
      const { command, isOurs } = dispatch(event, focus, useCommands.getState().all);
      if (isOurs) event.preventDefault();
      if (command !== null && !(event.repeat && ONCE.has(command.area))) void perform(command);
    };
    window.addEventListener("pointerdown", pointed, true);
    window.addEventListener("keydown", heard);
    return () => {
      window.removeEventListener("pointerdown", pointed, true);
      window.removeEventListener("keydown", heard);
    };
  }, []);
}
