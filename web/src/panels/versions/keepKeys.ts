import type { KeyboardEvent } from "react";

/**
 * Keys pressed here are not for the canvas below: where it cannot be seen, it must not be edited. Those with a
 * modifier are commands of the page, such as saving.
 */
export function keepKeys(event: KeyboardEvent, isCanvasSeen: boolean): void {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "Escape" || (isPlain && !isCanvasSeen)) event.stopPropagation();
}
