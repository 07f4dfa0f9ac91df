/** What happens once when the page is opened, in an order that lets nothing be lost. */
import { canvasCommands } from "@/canvas/commands";
import { panelCommands } from "@/panels/commands";
import { runCommands } from "@/panels/run/commands";
import { addCommands } from "@/store/commands";
import { followDefs } from "@/store/defs";
import { fileCommands } from "@/store/files";
import { watchMissing } from "@/store/missing";
import { startPersistence } from "@/store/persist";
import { startRuns } from "@/store/runs/start";
import { followRoute } from "./followRoute";

/** Done once the workflow of last time, or the one the address names, is open. */
export async function start(): Promise<void> {
  followDefs();
  startRuns();
  addCommands([...fileCommands, ...panelCommands, ...canvasCommands, ...runCommands]);
  await startPersistence();
  watchMissing();
  await followRoute();
}
