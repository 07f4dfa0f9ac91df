import { useTranslation } from "react-i18next";
import { useCommands } from "@/store/commands";
import { IS_MAC, keyCaps } from "./keys";

/** What a command is called, and that with its keys, for tooltips. */
export function useCommandLabel(id: string): { readonly name: string; readonly withKeys: string } {
  const { t } = useTranslation("commands");
  const keys = useCommands(({ all }) => all.find((command) => command.id === id)?.keys?.[0]);
  const name = t(id);
  if (keys === undefined) return { name, withKeys: name };
  return { name, withKeys: `${name} (${keyCaps(keys, IS_MAC).join(IS_MAC ? "" : "+")})` };
}
