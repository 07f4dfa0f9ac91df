import type { SpotlightActionGroupData } from "@mantine/spotlight";
import { createElement, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { KeyCaps } from "@/app/KeyCaps";
import { navigate } from "@/app/route";
import { centerOn } from "@/canvas/view";
import { useLibrary } from "@/panels/templates/useLibrary";
import { useCommands } from "@/store/commands";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import { perform } from "@/store/perform";
import { nodesOf } from "./nodesOf";

/** What the palette offers, by group. The search is over labels, descriptions and keywords. */
export function useEntries(): SpotlightActionGroupData[] {
  const { t } = useTranslation(["app", "commands"]);
  const commands = useCommands(({ all }) => all);
  const document = useEditor((editor) => editor.document);
  const defs = useDefs((state) => state.defs);
  const { workflows, templates } = useLibrary();
  return useMemo(
    () => [
      {
        group: t("palette.commands"),
        actions: commands
          .filter((command) => command.when?.() !== false)
          .map((command) => ({
            id: command.id,
            label: t(`commands:${command.id}`),
            description: t(`area.${command.area}`),
            keywords: [command.id],
            rightSection: command.keys?.[0] && createElement(KeyCaps, { keys: command.keys[0] }),
            onClick: () => void perform(command),
          })),
      },
      {
        group: t("palette.nodes"),
        actions: nodesOf(document, defs).map((place) => ({
          id: `node:${[...place.path.map((step) => step.host), place.node].join(":")}`,
          label: place.title,
          description: place.detail,
          onClick: () => centerOn(place.path, place.node),
        })),
      },
      {
        group: t("palette.workflows"),
        actions: workflows.map(({ name }) => ({
          id: `workflow:${name}`,
          label: name,
          onClick: () => navigate({ kind: "workflow", name }),
        })),
      },
      {
        group: t("palette.templates"),
        actions: templates.map((template) => ({
          id: `template:${template.name}`,
          label: template.title,
          description: template.description,
          onClick: () => navigate({ kind: "template", name: template.name }),
        })),
      },
    ],
    [t, commands, document, defs, workflows, templates],
  );
}
