import { type MouseEvent, type RefObject, useEffect, useMemo } from "react";
import type { Point } from "@/graph/document";
import { boundsOf, groupAt, holds } from "@/graph/geometry";
import { select, useEditor } from "@/store/editor";
import { useSettings } from "@/store/settings";
import { insertRerouteAt } from "../actions/links";
import { cornersNow } from "../links/corners";
import { useWiring } from "../links/useWiring";
import { useWire } from "../links/wire";
import { lineAt, linesOf } from "../links/wires";
import { openMenu } from "../menus/menu";
import { openPalette } from "../palette";
import { CLICK, useCanvas } from "../state";
import { shown } from "../useShown";
import { toGraph, viewport } from "../view";
import { useBoxSelect } from "./boxSelect";
import { setFocused, setPointed } from "./hot";
import { useLongPress } from "./useLongPress";

/** What can be done where no node is mounted: choose links and nodes seen from afar, draw a box, ask for a menu. */
export function usePaneGestures(screen: RefObject<HTMLElement | null>) {
  useWiring(screen);
  useBoxSelect(screen);
  useHover(screen);
  useFocusTracking(screen);
  useLongPress(screen, askMenu);
  return useMemo(
    () => ({
      onPaneClick: (event: MouseEvent) => {
        const at: Point = [event.clientX, event.clientY];
        if (event.altKey) {
          const link = linkUnder(at);
          if (link !== null) return insertRerouteAt(link, toGraph(...at));
        }
        const node = nodeUnder(at);
        if (node !== null) {
          const { selection } = useEditor.getState();
          select(event.shiftKey || event.ctrlKey || event.metaKey ? [...selection, node] : [node]);
          return;
        }
        const link = linkUnder(at);
        useCanvas.setState({ selectedLink: link });
        if (!event.shiftKey && !event.ctrlKey && !event.metaKey) select([]);
      },
      onPaneContextMenu: (event: globalThis.MouseEvent | MouseEvent) => {
        event.preventDefault();
        askMenu(event);
      },
      onDoubleClick: (event: MouseEvent) => {
        const { target } = event;
        if (!(target instanceof Element) || !target.classList.contains("react-flow__pane")) return;
        const at: Point = [event.clientX, event.clientY];
        const link = linkUnder(at);
        if (link !== null) insertRerouteAt(link, toGraph(...at));
        else if (nodeUnder(at) === null) openPalette(at);
      },
    }),
    [],
  );
}

/** The menu of what lies at a place where no node is mounted. */
function askMenu(event: { readonly clientX: number; readonly clientY: number }): void {
  const at: Point = [event.clientX, event.clientY];
  const [node, link, group] = [nodeUnder(at), linkUnder(at), groupAt(shown().graph, toGraph(...at))];
  if (node !== null) openMenu({ kind: "node", node }, event);
  else if (link !== null) openMenu({ kind: "link", link }, event);
  else openMenu(group === null ? { kind: "canvas" } : { kind: "group", group }, event);
}

/** The node at a place on the page, mounted or not. */
export function nodeUnder([x, y]: Point): string | null {
  const { graph } = shown();
  const at = toGraph(x, y);
  const found = graph.nodes.ids.findLast((key) => {
    const record = graph.nodes.by[key];
    return record !== undefined && holds(boundsOf(record), at);
  });
  return found ?? null;
}

/** How near the pointer has to be to a link, in pixels. */
const REACH = CLICK + 1;

function linkUnder([x, y]: Point): string | null {
  const style = useSettings.getState().links;
  if (style === "hidden") return null;
  const { document, defs, graph } = shown();
  const within = REACH / viewport().zoom;
  return lineAt(linesOf(document, defs, graph), cornersNow(), style, toGraph(x, y), within);
}

/** Lights up the link under the pointer, and mounts the node under it that is only drawn. */
function useHover(screen: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = screen.current;
    if (element === null) return;
    let frame = 0;
    let last: PointerEvent | null = null;
    const look = () => {
      frame = 0;
      if (last === null) return;
      const at: Point = [last.clientX, last.clientY];
      const isPane = last.target instanceof Element && last.target.classList.contains("react-flow__pane");
      const isFree = isPane && last.buttons === 0 && useWire.getState().wire === null;
      const node = isPane ? nodeUnder(at) : nodeOf(last.target);
      setPointed(node);
      const link = isFree && node === null ? linkUnder(at) : null;
      if (useCanvas.getState().hoveredLink !== link) useCanvas.setState({ hoveredLink: link });
      element.style.setProperty("--pane-cursor", link === null ? "default" : "pointer");
    };
    const moved = (event: PointerEvent) => {
      last = event;
      // While something is dragged, nobody asks what lies under the pointer.
      if (event.buttons === 0 && frame === 0) frame = requestAnimationFrame(look);
    };
    const left = () => {
      last = null;
      setPointed(null);
      if (useCanvas.getState().hoveredLink !== null) useCanvas.setState({ hoveredLink: null });
    };
    element.addEventListener("pointermove", moved, { passive: true });
    element.addEventListener("pointerleave", left);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("pointermove", moved);
      element.removeEventListener("pointerleave", left);
    };
  }, [screen]);
}

function nodeOf(target: EventTarget | null): string | null {
  const node = target instanceof Element ? target.closest(".react-flow__node") : null;
  return node?.getAttribute("data-id") ?? null;
}

/** The node with the keyboard stays mounted, or the keyboard would be nowhere. */
function useFocusTracking(screen: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = screen.current;
    if (element === null) return;
    const entered = (event: FocusEvent) => setFocused(nodeOf(event.target));
    const left = () => setFocused(null);
    element.addEventListener("focusin", entered);
    element.addEventListener("focusout", left);
    return () => {
      element.removeEventListener("focusin", entered);
      element.removeEventListener("focusout", left);
    };
  }, [screen]);
}
