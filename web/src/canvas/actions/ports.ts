import { modals } from "@mantine/modals";
import i18next from "i18next";
import { createElement } from "react";
import { renamePort } from "@/graph/edit/interface";
import { ports, type Side } from "@/graph/ports";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import { InlineText } from "../nodes/InlineText";
import { shown } from "../useShown";

/** Ask for another name of a subgraph's input or output. All its instances follow. */
export function askPortName(side: Side, index: number): void {
  const { id, graph } = shown();
  const port = ports(graph, side)[index];
  if (port === undefined) return;
  const label = i18next.t("canvas:port.rename");
  const modal = modals.open({
    title: label,
    children: createElement(InlineText, {
      label,
      value: port.name,
      onDone: (name: string | null) => {
        modals.close(modal);
        if (name === null || name.trim() === "" || name === port.name) return;
        perform("steps:renamePort", (draft) =>
          renamePort(draft, useDefs.getState().defs, id, side, index, name.trim()),
        );
      },
    }),
  });
}
