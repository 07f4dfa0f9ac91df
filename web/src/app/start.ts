/** What happens once when the page is opened, in an order that lets nothing be lost. */
import { canvasCommands } from "@/canvas/commands";
import { panelCommands } from "@/panels/commands";
import { functionCommands } from "@/panels/functions/commands";
import { runCommands } from "@/panels/run/commands";
import { addCommands } from "@/store/commands";
import { followDefs } from "@/store/defs";
import { fileCommands } from "@/store/files";
import { watchWorkflowClasses } from "@/store/functions/classes";
import { watchMissing } from "@/store/missing";
import { startPersistence } from "@/store/persist";
import { startRuns } from "@/store/runs/start";
import { versionCommands } from "@/store/versions/commands";
import { followRoute } from "./followRoute";
import { isPage, readRoute } from "./route";

/** Done once the workflow of last time, or the one the address names, is open. */
export async function start(): Promise<void> {
  startRuns();
  await untilCanvas();
  followDefs();
  addCommands([
    ...fileCommands,
    ...versionCommands,
    ...panelCommands,
    ...canvasCommands,
    ...runCommands,
    ...functionCommands,
  ]);
  await startPersistence();
  watchMissing();
  watchWorkflowClasses();
  await followRoute();
}

/** A form has no use for node classes and drafts, until somebody goes from it to the canvas. */
async function untilCanvas(): Promise<void> {
  const isHere = () => !isPage(readRoute(window.location.hash));
  if (isHere()) return;
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!isHere()) return;
      window.removeEventListener("hashchange", look);
      resolve();
    };
    window.addEventListener("hashchange", look);
  });
}
