import { type RefObject, useEffect, useState } from "react";

/** Rows drawn beyond what is seen, so that a quick scroll finds some there. */
const BEYOND = 10;

/** Which rows of one height are to be drawn: those a scrolled box shows, and some around them. */
export function useWindow(
  box: RefObject<HTMLElement | null>,
  rowHeight: number,
  count: number,
): { readonly from: number; readonly to: number } {
  const [seen, setSeen] = useState({ from: 0, to: 2 * BEYOND });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => {
      const first = Math.floor(element.scrollTop / rowHeight);
      const shown = Math.ceil(element.clientHeight / rowHeight);
      // In steps, so that not every pixel draws the list anew.
      const from = Math.max(0, Math.floor((first - BEYOND) / 5) * 5);
      const to = Math.ceil((first + shown + BEYOND) / 5) * 5;
      setSeen((was) => (was.from === from && was.to === to ? was : { from, to }));
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const resized = new ResizeObserver(look);
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, [box, rowHeight]);
  return { from: Math.min(seen.from, count), to: Math.min(seen.to, count) };
}
