import { Mode, type NodeKey } from "@/graph/document";
import { fitGroup, ungroup } from "@/graph/edit/groups";
import { toggleMode } from "@/graph/edit/modes";
import { removeNodes } from "@/graph/edit/nodes";
import { membersOf } from "@/graph/geometry";
import type { Command } from "@/store/commands";
import { useDefs } from "@/store/defs";
import { perform, select, useEditor } from "@/store/editor";
import { arrange } from "../actions/arrange";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { hasGroup } from "./when";

const groups = () => [...useEditor.getState().selectedGroups];

function members(): NodeKey[] {
  const { graph, selectedGroups } = shown();
  return [...new Set([...selectedGroups].flatMap((key) => membersOf(graph, key).nodes))];
}

function mode(value: number, label: string): () => void {
  return () => perform(label, (draft, graph) => toggleMode(draft, graph, members(), value));
}

export const groupCommands: Command[] = [
  {
    id: "group.rename",
    area: "graph",
    keys: ["F2"],
    when: () => useEditor.getState().selection.size === 0 && groups().length === 1,
    run: () => useCanvas.setState({ renamingGroup: groups()[0] ?? null }),
  },
  {
    id: "group.fit",
    area: "graph",
    when: hasGroup,
    run: () =>
      perform("steps:resizeGroup", (draft, graph) => {
        for (const key of groups()) fitGroup(draft, graph, key);
      }),
  },
  { id: "group.selectMembers", area: "graph", when: hasGroup, run: () => select(members(), groups()) },
  { id: "group.layout", area: "graph", when: hasGroup, run: () => arrange(members()) },
  { id: "group.mute", area: "graph", when: hasGroup, run: mode(Mode.MUTE, "steps:mute") },
  { id: "group.bypass", area: "graph", when: hasGroup, run: mode(Mode.BYPASS, "steps:bypass") },
  {
    id: "group.ungroup",
    area: "graph",
    keys: ["mod+shift+G"],
    when: hasGroup,
    run: () => perform("steps:ungroup", (draft, graph) => ungroup(draft, graph, groups())),
  },
  {
    id: "group.deleteAll",
    area: "graph",
    when: hasGroup,
    run: () => {
      const inside = members();
      perform("steps:remove", (draft, graph) => {
        removeNodes(draft, useDefs.getState().defs, graph, inside);
        ungroup(draft, graph, groups());
      });
    },
  },
];
