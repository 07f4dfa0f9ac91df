/** What the shell itself can do: panels, dialogs, undo. */
import { navigate } from "@/app/route";
import type { Command } from "@/store/commands";
import { loadDefs } from "@/store/defs";
import { leave, redo, undo, useEditor } from "@/store/editor";
import { changeSetting, setting } from "@/store/settings";
import { type DialogId, type PanelId, showDialog, showPanel, togglePanel, useShell } from "@/store/shell";

function panel(id: PanelId, key?: string): Command {
  return {
    id: `panel.${id}`,
    area: "panel",
    ...(key === undefined ? {} : { keys: [key] }),
    run: () => togglePanel(id),
  };
}

function dialog(id: DialogId, key: string): Command {
  return { id: `help.${id === "help" ? "keys" : id}`, area: "help", keys: [key], run: () => showDialog(id) };
}

export const panelCommands: readonly Command[] = [
  {
    id: "edit.undo",
    area: "edit",
    keys: ["mod+Z"],
    when: () => useEditor.getState().done.length > 0,
    run: undo,
  },
  {
    id: "edit.redo",
    area: "edit",
    keys: ["mod+shift+Z", "mod+Y"],
    when: () => useEditor.getState().undone.length > 0,
    run: redo,
  },
  {
    id: "view.leave",
    area: "view",
    keys: ["Escape"],
    when: () => useEditor.getState().path.length > 0 && useEditor.getState().selection.size === 0,
    run: () => leave(),
  },
  panel("workflows", "W"),
  panel("versions", "V"),
  panel("outline", "O"),
  panel("models", "M"),
  panel("queue", "Q"),
  panel("history", "H"),
  panel("gallery", "G"),
  panel("node"),
  panel("problems"),
  panel("missing"),
  panel("publish"),
  { id: "panel.templates", area: "panel", run: () => navigate({ kind: "templates" }) },
  { id: "panel.library", area: "panel", run: () => navigate({ kind: "library" }) },
  {
    id: "panel.close",
    area: "panel",
    when: () => useShell.getState().panel !== null,
    run: () => showPanel(null),
  },
  { id: "graph.refresh", area: "graph", keys: ["R"], run: loadDefs },
  {
    id: "view.theme",
    area: "view",
    run: () => changeSetting("theme", isDark() ? "light" : "dark"),
  },
  dialog("palette", "mod+K"),
  dialog("settings", "mod+,"),
  dialog("help", "?"),
];

function isDark(): boolean {
  const chosen = setting("theme");
  return chosen === "system" ? window.matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}
