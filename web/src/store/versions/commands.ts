/** Commands for versions. What they do is fetched when one is first used. */
import type { Command } from "@/store/commands";
import { activeTab } from "@/store/persist/tabs";
import { showPanel } from "@/store/shell";
import { savedNow } from "./saved";
import { useVersionStage } from "./stage";

const acting = () => import("./actions");
const hasVersions = () => savedNow() !== null;
const isEdited = () => hasVersions() && activeTab()?.isSaved === false;
const isComparing = () => useVersionStage.getState().stage === "compare";

export const versionCommands: readonly Command[] = [
  {
    id: "versions.saveWithMessage",
    area: "file",
    keys: ["mod+alt+S"],
    run: async () => (await acting()).commitWithMessage(),
  },
  {
    id: "versions.compare",
    area: "file",
    keys: ["mod+alt+D"],
    when: () => hasVersions() && !isComparing(),
    run: compareWithSaved,
  },
  { id: "versions.endCompare", area: "file", keys: ["mod+alt+D"], when: isComparing, run: endCompare },
  { id: "versions.revert", area: "file", when: isEdited, run: () => onCurrent("restoreVersion") },
  { id: "versions.release", area: "file", when: hasVersions, run: () => onCurrent("releaseVersion") },
  { id: "versions.branch", area: "file", when: hasVersions, run: () => onCurrent("startBranch") },
  { id: "versions.tag", area: "file", when: hasVersions, run: () => onCurrent("tagVersion") },
  { id: "versions.switch", area: "file", when: hasVersions, run: () => showPanel("versions") },
];

/** On the version the open workflow is based on. */
async function onCurrent(
  act: "restoreVersion" | "releaseVersion" | "startBranch" | "tagVersion",
): Promise<void> {
  const actions = await acting();
  const version = await actions.currentVersion();
  if (version !== null) await actions[act](version, null);
}

async function compareWithSaved(): Promise<void> {
  const version = await (await acting()).currentVersion();
  if (version !== null) await (await import("./compare")).compareVersions(version.workflow, version);
}

async function endCompare(): Promise<void> {
  (await import("./compare")).endCompare();
}
