import type { NodeKey } from "@/graph/document";
import { boundsOf } from "@/graph/geometry";
import { isNote } from "@/graph/kinds";
import { select } from "@/store/editor";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { reveal, screenElement } from "../view";
import { setFocused } from "./hot";

/** Choose a node, bring it on screen unless the view is to stay, and give it the keyboard. */
export function focusNode(key: NodeKey, mayPan = true): void {
  const record = shown().graph.nodes.by[key];
  if (record === undefined) return;
  select([key]);
  setFocused(key);
  if (mayPan) reveal(boundsOf(record));
  // It may have to be mounted first. Meanwhile the keyboard may have gone elsewhere, such as into the palette.
  const held = document.activeElement;
  let tries = 0;
  const take = () => {
    const now = document.activeElement;
    if (now !== held && now !== document.body && now !== null) return;
    const element = nodeElement(key);
    if (element !== null) element.focus({ preventScroll: true });
    else if (tries++ < 10) requestAnimationFrame(take);
  };
  requestAnimationFrame(take);
}

export function nodeElement(key: NodeKey): HTMLElement | null {
  return (
    screenElement()?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(key)}"]`) ?? null
  );
}

/** Put the keyboard into the first widget of a node. */
export function editFirstWidget(key: NodeKey): boolean {
  const type = shown().graph.nodes.by[key]?.type;
  if (type !== undefined && isNote(type)) {
    useCanvas.setState({ writing: key });
    return true;
  }
  const widget = nodeElement(key)?.querySelector("[data-widget]");
  const field = widget?.querySelector<HTMLElement>("textarea, input, [tabindex='0'], button[role]");
  field?.focus();
  // A number is typed at once, over the one that is there.
  if (field?.role === "spinbutton") field.click();
  return field != null;
}
