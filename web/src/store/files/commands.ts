/** What can be done with files and open workflows. */
import type { Command } from "@/store/commands";
import { runCommand } from "@/store/perform";
import { workspace } from "@/store/persist";
import { activeTab, useTabs } from "@/store/persist/tabs";
import { exportApi, exportOurs, exportUi } from "./exporting";
import { newWorkflow, openFile } from "./opening";
import { pickFiles } from "./picker";
import { renameFile, save, saveAs } from "./saving";

export const fileCommands: readonly Command[] = [
  { id: "file.new", area: "file", keys: ["mod+alt+N"], run: newWorkflow },
  { id: "file.open", area: "file", keys: ["mod+O"], run: openPicked },
  { id: "file.save", area: "file", keys: ["mod+S"], run: async () => void (await save()) },
  { id: "file.saveAs", area: "file", keys: ["mod+shift+S"], run: async () => void (await saveAs()) },
  { id: "file.rename", area: "file", run: rename },
  { id: "file.exportUi", area: "file", keys: ["mod+E"], run: exportUi },
  { id: "file.exportOurs", area: "file", run: exportOurs },
  { id: "file.exportApi", area: "file", keys: ["mod+alt+E"], run: exportApi },
  {
    id: "file.close",
    area: "file",
    keys: ["alt+W"],
    run: () => workspace().close(useTabs.getState().active),
  },
  { id: "file.next", area: "file", keys: ["alt+PageDown"], when: hasOthers, run: () => step(1) },
  { id: "file.previous", area: "file", keys: ["alt+PageUp"], when: hasOthers, run: () => step(-1) },
  {
    id: "file.takeOver",
    area: "file",
    when: () => activeTab()?.isElsewhere === true,
    run: () => workspace().takeOver(useTabs.getState().active),
  },
];

async function openPicked(): Promise<void> {
  for (const file of await pickFiles()) await openFile(file);
}

/** A workflow without a name gets one by being saved. */
async function rename(): Promise<void> {
  const { name = null, home } = activeTab() ?? {};
  if (name === null) runCommand("file.saveAs");
  else if (home?.kind === "version") await (await import("@/store/versions/library")).renameWorkflow(name);
  else await renameFile(name);
}

function hasOthers(): boolean {
  return useTabs.getState().tabs.length > 1;
}

function step(by: number): void {
  const { tabs, active } = useTabs.getState();
  const at = tabs.findIndex((tab) => tab.docId === active);
  const next = tabs[(at + by + tabs.length) % tabs.length];
  if (next !== undefined) workspace().show(next.docId);
}
