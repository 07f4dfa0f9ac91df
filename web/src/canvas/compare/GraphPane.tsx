import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { NodeKey } from "@/graph/document";
import { overlap, type Rect, type Viewport } from "@/graph/geometry";
import styles from "./GraphPane.module.css";
import { MarkLayer } from "./MarkLayer";
import type { Marks } from "./marks";
import { NodeBox } from "./NodeBox";
import { PaneGroups } from "./PaneGroups";
import { PaneLinks } from "./PaneLinks";
import { allLaid, type Sheet } from "./places";
import { usePan } from "./usePan";
import { panned, zoomed } from "./viewports";

interface Props {
  readonly sheet: Sheet;
  readonly old: Sheet | null;
  readonly marks: Marks;
  readonly label: string;
  readonly view: Viewport;
  readonly onView: (view: Viewport) => void;
  /** How big it is on screen, whenever that changes. */
  readonly onSize?: (width: number, height: number) => void;
  readonly lit: NodeKey | null;
}

/** Values are not drawn where they could not be read. */
const READABLE = 0.35;

/** A graph to look at: drawn from its document alone, moved and zoomed, never edited. */
export function GraphPane({ sheet, old, marks, label, view, onView, onSize, lit }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef({ view, onView, onSize });
  latest.current = { view, onView, onSize };
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);
  const nodes = useMemo(() => allLaid(sheet), [sheet]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const frame = element.getBoundingClientRect();
      const at = [event.clientX - frame.left, event.clientY - frame.top] as const;
      const factor = 1.0015 ** -event.deltaY;
      latest.current.onView(zoomed(latest.current.view, factor, at));
    };
    const measure = () => {
      const { clientWidth, clientHeight } = element;
      setSize([clientWidth, clientHeight]);
      latest.current.onSize?.(clientWidth, clientHeight);
    };
    measure();
    // React's own listener could not keep the page from scrolling.
    element.addEventListener("wheel", wheel, { passive: false });
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    return () => {
      element.removeEventListener("wheel", wheel);
      resized.disconnect();
    };
  }, []);
  const seen: Rect = {
    x: -view.x / view.zoom,
    y: -view.y / view.zoom,
    width: size[0] / view.zoom,
    height: size[1] / view.zoom,
  };
  const pan = usePan(view, onView);
  return (
    // biome-ignore lint/a11y/useSemanticElements: no element is a drawing that is moved by keys
    <div
      ref={box}
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved and zoomed by keys
      tabIndex={0}
      aria-label={label}
      className={styles.pane}
      {...pan}
      onKeyDown={(event) => keys(event, view, size, onView)}
      data-testid="graph-pane"
    >
      <div
        className={styles.sheet}
        style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.zoom})` }}
      >
        <PaneGroups sheet={sheet} />
        <PaneLinks sheet={sheet} />
        {nodes
          .filter(({ rect }) => overlap(rect, seen))
          .map((node) => (
            <NodeBox key={node.key} node={node} sheet={sheet} hasValues={view.zoom >= READABLE} />
          ))}
        <MarkLayer marks={marks} sheet={sheet} old={old} lit={lit} zoom={view.zoom} />
      </div>
    </div>
  );
}

const STEP = 60;
const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [STEP, 0],
  ArrowRight: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

function keys(
  event: KeyboardEvent,
  view: Viewport,
  [width, height]: readonly [number, number],
  onView: (view: Viewport) => void,
): void {
  const move = MOVES[event.key];
  const factor = event.key === "+" || event.key === "=" ? 1.25 : event.key === "-" ? 0.8 : 1;
  if (move === undefined && factor === 1) return;
  event.preventDefault();
  event.stopPropagation();
  onView(move === undefined ? zoomed(view, factor, [width / 2, height / 2]) : panned(view, move[0], move[1]));
}
