import type { NodeKey, Point } from "@/graph/document";
import { moveBy } from "@/graph/edit/nodes";
import { boundsOf, centre } from "@/graph/geometry";
import { linkIndex, reach } from "@/graph/links";
import type { Command } from "@/store/commands";
import { perform, select, useEditor } from "@/store/editor";
import { setting } from "@/store/settings";
import { focusNode } from "../pane/focusNode";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { hasAny, hasNodes } from "./when";

type Direction = "left" | "right" | "up" | "down";
const STEPS: Readonly<Record<Direction, Point>> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

function nudge(direction: Direction, far: boolean): void {
  const { selection } = useEditor.getState();
  const [dx, dy] = STEPS[direction];
  const step = setting("gridSize") * (far ? 5 : 1);
  perform("steps:move", (draft, graph) => moveBy(draft, graph, selection, [dx * step, dy * step]));
}

/** Along a link to the next node; up and down between nodes that share a neighbour, or simply lie there. */
function walk(direction: Direction): void {
  const { graph, selection } = shown();
  const from = [...selection].at(-1) ?? graph.nodes.ids[0];
  if (from === undefined) return;
  if (selection.size === 0) {
    focusNode(from);
    return;
  }
  const index = linkIndex(graph);
  const linked =
    direction === "right"
      ? index.outOf(from).map((link) => link.to)
      : direction === "left"
        ? [...index.into(from).values()].map((link) => link.from)
        : [];
  const next = linked.find((key) => graph.nodes.by[key] !== undefined) ?? nearest(from, direction);
  if (next !== null) focusNode(next);
}

function nearest(from: NodeKey, direction: Direction): NodeKey | null {
  const { graph } = shown();
  const start = graph.nodes.by[from];
  if (start === undefined) return null;
  const [x, y] = centre(boundsOf(start));
  const [dx, dy] = STEPS[direction];
  let best: { key: NodeKey; far: number } | null = null;
  for (const key of graph.nodes.ids) {
    const node = graph.nodes.by[key];
    if (node === undefined || key === from) continue;
    const [nx, ny] = centre(boundsOf(node));
    const ahead = (nx - x) * dx + (ny - y) * dy;
    const aside = Math.abs((nx - x) * dy) + Math.abs((ny - y) * dx);
    if (ahead <= 0) continue;
    const far = ahead + 2 * aside;
    if (best === null || far < best.far) best = { key, far };
  }
  return best?.key ?? null;
}

function spread(direction: "up" | "down"): void {
  const { graph, selection } = shown();
  const found = new Set<NodeKey>();
  for (const key of selection) for (const other of reach(graph, key, direction)) found.add(other);
  select([...found].filter((key) => graph.nodes.by[key] !== undefined));
}

const directions: readonly Direction[] = ["left", "right", "up", "down"];
const arrow = (direction: Direction) => `Arrow${direction[0]?.toUpperCase()}${direction.slice(1)}`;

export const selectCommands: Command[] = [
  {
    id: "select.all",
    area: "select",
    keys: ["mod+A"],
    run: () => {
      const { graph } = shown();
      select(graph.nodes.ids, graph.groups.ids);
    },
  },
  {
    id: "select.none",
    area: "select",
    keys: ["Escape"],
    when: () => hasAny() || useCanvas.getState().selectedLink !== null,
    run: () => {
      select([]);
      useCanvas.setState({ selectedLink: null });
    },
  },
  { id: "select.upstream", area: "select", keys: ["mod+ArrowLeft"], when: hasNodes, run: () => spread("up") },
  {
    id: "select.downstream",
    area: "select",
    keys: ["mod+ArrowRight"],
    when: hasNodes,
    run: () => spread("down"),
  },
  ...directions.flatMap((direction): Command[] => [
    {
      id: `select.move.${direction}`,
      area: "select",
      keys: [arrow(direction)],
      when: hasNodes,
      run: () => nudge(direction, false),
    },
    {
      id: `select.moveFar.${direction}`,
      area: "select",
      keys: [`shift+${arrow(direction)}`],
      when: hasNodes,
      run: () => nudge(direction, true),
    },
    {
      id: `select.walk.${direction}`,
      area: "select",
      keys: [`alt+${arrow(direction)}`],
      run: () => walk(direction),
    },
  ]),
];
