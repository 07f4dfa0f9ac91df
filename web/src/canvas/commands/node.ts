import { Mode } from "@/graph/document";
import { align, distribute, type Edge, sameSize } from "@/graph/edit/align";
import { toggleMode } from "@/graph/edit/modes";
import { reorder } from "@/graph/edit/nodes";
import { recreate } from "@/graph/edit/recreate";
import type { Command } from "@/store/commands";
import { useDefs } from "@/store/defs";
import { perform, useEditor } from "@/store/editor";
import { showNodeHelp } from "@/store/nodeHelp";
import { beginRename, chosen, collapse, pin } from "../actions/nodes";
import { editFirstWidget } from "../pane/focusNode";
import { startPicker } from "../wiring/picker";
import { hasMany, hasNodes, only, onlyKnown } from "./when";

function mode(value: number, label: string): () => void {
  return () => perform(label, (draft, graph) => toggleMode(draft, graph, chosen(), value));
}

const EDGES: readonly Edge[] = ["left", "centreX", "right", "top", "centreY", "bottom"];

function isOnControl(focus: Element | null): boolean {
  if (focus === null || focus === document.body) return false;
  return !focus.matches(".react-flow__node, main");
}

export const nodeCommands: Command[] = [
  {
    id: "node.rename",
    area: "node",
    keys: ["F2"],
    when: () => only() !== null,
    run: () => {
      const node = only();
      if (node !== null) beginRename(node.key);
    },
  },
  {
    id: "node.edit",
    area: "node",
    keys: ["Enter"],
    // Enter on a button or a field is the button's or the field's.
    when: () => only() !== null && !isOnControl(document.activeElement),
    run: () => {
      const node = only();
      if (node !== null) editFirstWidget(node.key);
    },
  },
  {
    id: "node.connect",
    area: "node",
    keys: ["C"],
    when: () => only() !== null,
    run: () => startPicker(only()?.key),
  },
  {
    id: "node.help",
    area: "node",
    keys: ["I", "F1"],
    when: () => onlyKnown() !== null,
    run: () => {
      const name = onlyKnown();
      if (name !== null) showNodeHelp(name);
    },
  },
  { id: "node.collapse", area: "node", keys: ["alt+C"], when: hasNodes, run: () => collapse(chosen()) },
  { id: "node.pin", area: "node", keys: ["P"], when: hasNodes, run: () => pin(chosen()) },
  { id: "node.mute", area: "node", keys: ["mod+M"], when: hasNodes, run: mode(Mode.MUTE, "steps:mute") },
  {
    id: "node.bypass",
    area: "node",
    keys: ["mod+B"],
    when: hasNodes,
    run: mode(Mode.BYPASS, "steps:bypass"),
  },
  {
    id: "node.front",
    area: "node",
    keys: ["]"],
    when: hasNodes,
    run: () => perform("steps:order", (draft, graph) => reorder(draft, graph, chosen(), "front")),
  },
  {
    id: "node.back",
    area: "node",
    keys: ["["],
    when: hasNodes,
    run: () => perform("steps:order", (draft, graph) => reorder(draft, graph, chosen(), "back")),
  },
  {
    id: "node.recreate",
    area: "node",
    when: hasNodes,
    run: () =>
      perform("steps:recreate", (draft, graph) => {
        for (const key of chosen()) recreate(draft, useDefs.getState().defs, graph, key);
      }),
  },
  ...EDGES.map(
    (edge): Command => ({
      id: `align.${edge}`,
      area: "node",
      when: hasMany,
      run: () => perform("steps:align", (draft, graph) => align(draft, graph, chosen(), edge)),
    }),
  ),
  ...(["x", "y"] as const).map(
    (axis): Command => ({
      id: `align.distribute${axis.toUpperCase()}`,
      area: "node",
      when: () => useEditor.getState().selection.size > 2,
      run: () => perform("steps:align", (draft, graph) => distribute(draft, graph, chosen(), axis)),
    }),
  ),
  {
    id: "align.sameWidth",
    area: "node",
    when: hasMany,
    run: () => perform("steps:resize", (draft, graph) => sameSize(draft, graph, chosen(), "x")),
  },
  {
    id: "align.sameHeight",
    area: "node",
    when: hasMany,
    run: () => perform("steps:resize", (draft, graph) => sameSize(draft, graph, chosen(), "y")),
  },
];
