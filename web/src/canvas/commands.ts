/** Everything the canvas can do, for menus, keys, palette and help sheet. */
import type { Command } from "@/store/commands";
import { editCommands } from "./commands/edit";
import { graphCommands } from "./commands/graph";
import { groupCommands } from "./commands/group";
import { linkCommands } from "./commands/link";
import { nodeCommands } from "./commands/node";
import { selectCommands } from "./commands/select";
import { viewCommands } from "./commands/view";

export const canvasCommands: Command[] = [
  ...editCommands,
  ...selectCommands,
  ...nodeCommands,
  ...groupCommands,
  ...linkCommands,
  ...graphCommands,
  ...viewCommands,
];
