/** Which command a key press means, given where the keyboard is. */
import type { Area, Command } from "@/store/commands";
import { type KeyPress, parseKeys, pressed } from "./keys";

/** Where the keyboard is. */
export type Focus = "text" | "canvas" | "page" | "dialog";

/** Commands for what is on the canvas. Elsewhere, plain keys belong to the button or list that has the keyboard. */
const OF_CANVAS: ReadonlySet<Area> = new Set(["edit", "node", "select", "graph"]);
/** With `mod`, what text fields and lists do themselves. */
const OF_TEXT = new Set([
  "a",
  "c",
  "x",
  "v",
  "z",
  "y",
  "b",
  "d",
  "arrowleft",
  "arrowright",
  "backspace",
  "delete",
]);
const OF_LISTS = new Set(["a", "c", "x", "v", "d", "backspace", "delete"]);
/** Copying goes by the browser's clipboard events, which a handled key press would keep from happening. */
const OF_CLIPBOARD = ["mod+c", "mod+x", "mod+v", "mod+shift+v"];

export interface Dispatched {
  readonly command: Command | null;
  /** Whether the browser must not act on the key too, such as by saving the page. */
  readonly isOurs: boolean;
}

export function dispatch(press: KeyPress, focus: Focus, commands: readonly Command[]): Dispatched {
  const meant = commands.filter((command) =>
    command.keys?.some((keys) => means(press, keys, command, focus)),
  );
  const command = meant.find((one) => one.when?.() !== false) ?? null;
  const isReserved = meant.length > 0 && (press.ctrlKey || press.metaKey);
  return { command, isOurs: command !== null || isReserved };
}

function means(press: KeyPress, keys: string, command: Command, focus: Focus): boolean {
  return !OF_CLIPBOARD.includes(keys.toLowerCase()) && isHeard(keys, command, focus) && pressed(press, keys);
}

function isHeard(keys: string, { area }: Command, focus: Focus): boolean {
  const { mod, key } = parseKeys(keys);
  switch (focus) {
    case "dialog":
      return false;
    case "text":
      return mod && !OF_TEXT.has(key);
    case "page":
      return !OF_CANVAS.has(area) || (mod && !OF_LISTS.has(key));
    case "canvas":
      return true;
  }
}

/**
 * `body` counts as the canvas: that is where the keyboard is when nothing was touched yet. So does what shows the
 * same nodes in another way and says so by `data-canvas`.
 */
export function focusOf(target: Element | null, page: Document = document): Focus {
  if (page.querySelector('[aria-modal="true"]') !== null) return "dialog";
  if (isTextField(target)) return "text";
  if (target === null || target === page.body || target.closest("main, [data-canvas]") !== null)
    return "canvas";
  return "page";
}

function isTextField(target: Element | null): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  if (target instanceof HTMLInputElement) return !NOT_TYPED.has(target.type);
  return target instanceof HTMLElement && target.isContentEditable;
}
const NOT_TYPED = new Set(["button", "checkbox", "color", "file", "image", "radio", "reset", "submit"]);
