/** What happens once when the page is opened, in an order that lets nothing be lost. */
import { panelCommands } from "@/panels/commands";
import { addCommands, type Command } from "@/store/commands";
import { loadDefs } from "@/store/defs";
import { followRoute } from "./followRoute";

type Module = Record<string, unknown>;
const PARTS = import.meta.glob<Module>([
  "../canvas/commands.ts",
  "../panels/run/commands.ts",
  "../store/files.ts",
  "../store/persist/index.ts",
  "../store/runs/start.ts",
]);

/** Done once the workflow of last time, or the one the address names, is open. */
export async function start(): Promise<void> {
  addCommands(panelCommands);
  const part = async (path: string): Promise<Module> => (await PARTS[path]?.()) ?? {};
  void loadDefs();
  addCommands(((await part("../canvas/commands.ts"))["canvasCommands"] ?? []) as Command[]);
  addCommands(((await part("../panels/run/commands.ts"))["runCommands"] ?? []) as Command[]);
  addCommands(((await part("../store/files.ts"))["fileCommands"] ?? []) as Command[]);
  ((await part("../store/runs/start.ts"))["startRuns"] as (() => void) | undefined)?.();
  await (
    (await part("../store/persist/index.ts"))["startPersistence"] as (() => Promise<void>) | undefined
  )?.();
  await followRoute();
}
