import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { unlink } from "@/graph/edit/links";
import type { Command } from "@/store/commands";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import { copied, duplicate, pasted, removeChosen } from "../actions/clipboard";
import { meant } from "../pane/pointer";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { hasAny, hasLink, hasNodes } from "./when";

/** For menus. The keys go through the browser's own events, which need no permission. */
async function toClipboard(): Promise<boolean> {
  const text = copied();
  if (text === null) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    notifications.show({ color: "yellow", message: i18next.t("canvas:clipboard.byKeyOnly") });
    return false;
  }
}

function fromClipboard(connect: boolean) {
  return async () => {
    // Before the menu is gone.
    const at = meant();
    try {
      pasted(await navigator.clipboard.readText(), { connect, at });
    } catch {
      notifications.show({ color: "yellow", message: i18next.t("canvas:clipboard.byKeyOnly") });
    }
  };
}

export function deleteChosen(): void {
  const { selectedLink } = useCanvas.getState();
  if (hasAny()) {
    removeChosen();
    return;
  }
  if (selectedLink === null || shown().graph.links.by[selectedLink] === undefined) return;
  useCanvas.setState({ selectedLink: null });
  perform("steps:unlink", (draft, graph) => unlink(draft, useDefs.getState().defs, graph, [selectedLink]));
}

export const editCommands: Command[] = [
  {
    id: "edit.copy",
    area: "edit",
    keys: ["mod+C"],
    when: hasAny,
    run: async () => {
      await toClipboard();
    },
  },
  {
    id: "edit.cut",
    area: "edit",
    keys: ["mod+X"],
    when: hasAny,
    run: async () => {
      if (await toClipboard()) removeChosen();
    },
  },
  { id: "edit.paste", area: "edit", keys: ["mod+V"], run: fromClipboard(false) },
  { id: "edit.pasteConnected", area: "edit", keys: ["mod+shift+V"], run: fromClipboard(true) },
  { id: "edit.duplicate", area: "edit", keys: ["mod+D"], when: hasAny, run: () => duplicate() },
  {
    id: "edit.delete",
    area: "edit",
    keys: ["Delete", "Backspace"],
    when: () => hasAny() || hasLink(),
    run: deleteChosen,
  },
  {
    id: "edit.deleteReconnect",
    area: "edit",
    keys: ["mod+Delete", "mod+Backspace"],
    when: hasNodes,
    run: () => removeChosen(true),
  },
];
