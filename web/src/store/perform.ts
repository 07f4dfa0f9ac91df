/** Doing commands. What goes wrong with one is told, whatever asked for it: a menu, a key, the command palette. */
import i18next from "i18next";
import { type Command, useCommands } from "./commands";
import { tell } from "./persist/notices";
import { useRuns } from "./runs";

/** Does it, if it can be done now. Returns whether it began. */
export function runCommand(id: string): boolean {
  const command = useCommands.getState().all.find((one) => one.id === id);
  if (command === undefined || command.when?.() === false) return false;
  void perform(command);
  return true;
}

/** Resolves once it is done, or the person knows that it is not. */
export async function perform(command: Command): Promise<void> {
  try {
    await command.run();
  } catch (error) {
    console.error(error);
    const title = i18next.t(`commands:${command.id}`);
    // What a command does is fetched when it is first used.
    if (useRuns.getState().connection !== "online") tell("error", "app:command.unreachable", {}, { title });
    else tell("error", "app:command.failed", { reason: String(error) }, { title });
  }
}
