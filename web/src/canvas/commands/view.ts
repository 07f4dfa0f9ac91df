import type { Command } from "@/store/commands";
import { useEditor } from "@/store/editor";
import { useCanvas } from "../state";
import { fitView, zoomBy } from "../view";

export const viewCommands: Command[] = [
  { id: "view.fit", area: "view", keys: ["."], run: () => fitView() },
  {
    id: "view.fitSelection",
    area: "view",
    keys: ["F"],
    when: () => useEditor.getState().selection.size > 0,
    run: () => fitView(useEditor.getState().selection),
  },
  { id: "view.zoomIn", area: "view", keys: ["+", "="], run: () => zoomBy(1.25) },
  { id: "view.zoomOut", area: "view", keys: ["-"], run: () => zoomBy(0.8) },
  {
    id: "view.minimap",
    area: "view",
    keys: ["alt+M"],
    run: () => useCanvas.setState(({ minimap }) => ({ minimap: !minimap })),
  },
];
