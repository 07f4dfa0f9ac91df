import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { keepTyped } from "@/app/typeAhead";
import { makeIndependent } from "@/graph/edit/definitions";
import { groupNodes } from "@/graph/edit/groups";
import { makeSubgraph } from "@/graph/edit/makeSubgraph";
import { addNote } from "@/graph/edit/notes";
import { unpack } from "@/graph/edit/unpack";
import { freePlace } from "@/graph/geometry";
import type { Command } from "@/store/commands";
import { useDefs } from "@/store/defs";
import { enter, perform, select, useEditor } from "@/store/editor";
import { searchOutline } from "@/store/shell";
import { arrange } from "../actions/arrange";
import { around, chosen } from "../actions/nodes";
import { useMenu } from "../menus/menu";
import { openPalette } from "../palette";
import { meant } from "../pane/pointer";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { hasNodes, isHostChosen, only } from "./when";

function group(): void {
  const { selectedGroups } = useEditor.getState();
  const key = perform("steps:group", (draft, graph) =>
    groupNodes(draft, graph, chosen(), i18next.t("canvas:group.new"), selectedGroups),
  );
  if (key === null) return;
  select([], [key]);
  useCanvas.setState({ renamingGroup: key });
}

function subgraph(): void {
  const { defs } = useDefs.getState();
  const made = perform("steps:makeSubgraph", (draft, graph) =>
    makeSubgraph(draft, defs, graph, chosen(), i18next.t("canvas:subgraph.new")),
  );
  if (made.ok) select([made.host]);
  else {
    notifications.show({
      color: "red",
      message: i18next.t(`canvas:subgraph.${made.code}`, { detail: made.detail }),
    });
  }
}

function note(): void {
  const at = around(meant());
  const key = perform(
    "steps:note",
    (draft, graph) => addNote(draft, graph, freePlace(draft.graph(graph), at)),
    (added) => [added],
  );
  useCanvas.setState({ writing: key });
}

function search(): void {
  keepTyped();
  searchOutline();
}

export const graphCommands: Command[] = [
  {
    id: "graph.addNode",
    area: "graph",
    keys: ["Tab", "A"],
    run: () => openPalette(useMenu.getState().asked?.at),
  },
  { id: "graph.group", area: "graph", keys: ["mod+G"], when: hasNodes, run: group },
  { id: "graph.search", area: "graph", keys: ["mod+F"], run: search },
  { id: "graph.note", area: "graph", keys: ["N"], run: note },
  { id: "graph.makeSubgraph", area: "graph", keys: ["mod+shift+E"], when: hasNodes, run: subgraph },
  {
    id: "graph.enter",
    area: "graph",
    keys: ["shift+Enter"],
    when: isHostChosen,
    run: () => {
      const node = only();
      if (node !== null) enter(node.key);
    },
  },
  {
    id: "graph.unpack",
    area: "graph",
    keys: ["mod+shift+U"],
    when: isHostChosen,
    run: () => {
      const node = only();
      if (node === null) return;
      perform(
        "steps:unpack",
        (draft, graph) => unpack(draft, useDefs.getState().defs, graph, node.key),
        (keys) => keys,
      );
    },
  },
  {
    id: "graph.makeIndependent",
    area: "graph",
    when: () => isHostChosen() && instances(only()?.record.type ?? "") > 1,
    run: () => {
      const node = only();
      if (node !== null)
        perform("steps:makeIndependent", (draft, graph) => makeIndependent(draft, graph, node.key));
    },
  },
  {
    id: "graph.layout",
    area: "graph",
    keys: ["alt+L"],
    run: () => arrange(useEditor.getState().selection.size > 1 ? chosen() : undefined),
  },
];

function instances(type: string): number {
  const { graphs } = shown().document;
  return graphs.ids
    .flatMap((id) => Object.values(graphs.by[id]?.nodes.by ?? {}))
    .filter((node) => node.type === type).length;
}
