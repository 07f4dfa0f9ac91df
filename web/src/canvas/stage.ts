/**
 * Which nodes are mounted. Those on screen, as long as they are few; from afar, where nobody could read them, they
 * are drawn and only what the pointer is over is mounted. Never many at once, so that no frame takes long.
 */
import { create } from "zustand";
import type { Graph, NodeKey } from "@/graph/document";
import { boundsOf, grow, overlap, type Rect } from "@/graph/geometry";

/** More than this on screen are drawn. Crossing back needs fewer, or the edge would flicker. */
const MANY = 90;
const FEW = 60;
/** Nodes are mounted this far before they come on screen, in pixels, and unmounted twice as far behind it. */
const AHEAD = 160;
/** Below this scale the rows of a node are too thin for a pointer. */
const TINY = 0.3;

interface Stage {
  readonly mounted: ReadonlySet<NodeKey>;
  readonly isFar: boolean;
  /** So far away that a node is a thing to take hold of, and nothing on it can be used. */
  readonly isTiny: boolean;
}

export const useStage = create<Stage>(() => ({ mounted: new Set(), isFar: false, isTiny: false }));

export interface Look {
  readonly screen: Rect;
  readonly zoom: number;
  /** Mounted wherever they are: under the pointer, with the keyboard, being dragged. */
  readonly hot: ReadonlySet<NodeKey>;
  /** How many may be added now. */
  readonly budget: number;
}

/** Look again. Returns whether more is to be mounted in a next frame. */
export function restage(graph: Graph, look: Look): boolean {
  const { mounted, isFar } = useStage.getState();
  const near = grow(look.screen, AHEAD / look.zoom);
  const kept = grow(look.screen, (2 * AHEAD) / look.zoom);
  const next = new Set<NodeKey>();
  const wanted: NodeKey[] = [];
  let onScreen = 0;
  for (const key of graph.nodes.ids) {
    const node = graph.nodes.by[key];
    if (node === undefined) continue;
    const box = boundsOf(node);
    const isHot = look.hot.has(key);
    if (isHot) next.add(key);
    if (!overlap(box, kept)) continue;
    if (overlap(box, look.screen)) onScreen += 1;
    if (isHot) continue;
    if (mounted.has(key)) next.add(key);
    else if (overlap(box, near)) wanted.push(key);
  }
  const far = onScreen > (isFar ? FEW : MANY);
  if (far) {
    for (const key of next) if (!look.hot.has(key)) next.delete(key);
    publish(next, true, look.zoom < TINY);
    return false;
  }
  for (const key of wanted.slice(0, look.budget)) next.add(key);
  publish(next, false, false);
  return wanted.length > look.budget;
}

function publish(next: ReadonlySet<NodeKey>, far: boolean, tiny: boolean): void {
  const { mounted, isFar, isTiny } = useStage.getState();
  const isSame = next.size === mounted.size && [...next].every((key) => mounted.has(key));
  if (isSame && far === isFar && tiny === isTiny) return;
  useStage.setState({ mounted: isSame ? mounted : next, isFar: far, isTiny: tiny });
}
