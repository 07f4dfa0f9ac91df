import { ROOT } from "@/graph/document";
import { movePort, removePort } from "@/graph/edit/interface";
import type { Command } from "@/store/commands";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import { insertRerouteAt } from "../actions/links";
import { askPortName } from "../actions/ports";
import { cornersNow } from "../links/corners";
import { along, linesOf, stops } from "../links/wires";
import { useMenu } from "../menus/menu";
import { useCanvas } from "../state";
import { shown } from "../useShown";
import { deleteChosen } from "./edit";
import { hasLink } from "./when";

/** In the middle of the link that is chosen. */
function reroute(): void {
  const { selectedLink } = useCanvas.getState();
  const { graph, document, defs } = shown();
  const line = linesOf(document, defs, graph).lines.find((one) => one.id === selectedLink);
  const path = line === undefined ? [] : stops(line, cornersNow());
  const [from, to] = [path.at(-2), path.at(-1)];
  if (selectedLink !== null && from !== undefined && to !== undefined) {
    insertRerouteAt(selectedLink, along("spline", from, to, 0.5));
  }
}

const port = () => {
  const subject = useMenu.getState().asked?.subject;
  return subject?.kind === "port" && shown().id !== ROOT ? subject : null;
};
const hasPort = () => port() !== null;

function shift(by: number): void {
  const at = port();
  if (at === null) return;
  perform("steps:movePort", (draft, graph) =>
    movePort(draft, useDefs.getState().defs, graph, at.side, at.index, at.index + by),
  );
}

export const linkCommands: Command[] = [
  { id: "link.reroute", area: "graph", when: hasLink, run: reroute },
  { id: "link.delete", area: "graph", when: hasLink, run: deleteChosen },
  {
    id: "port.rename",
    area: "graph",
    when: hasPort,
    run: () => {
      const at = port();
      if (at !== null) askPortName(at.side, at.index);
    },
  },
  { id: "port.up", area: "graph", when: () => (port()?.index ?? 0) > 0, run: () => shift(-1) },
  {
    id: "port.down",
    area: "graph",
    when: () => {
      const at = port();
      const listed = at === null ? undefined : shown().graph.info[at.side];
      return at !== null && Array.isArray(listed) && at.index < listed.length - 1;
    },
    run: () => shift(1),
  },
  {
    id: "port.remove",
    area: "graph",
    when: hasPort,
    run: () => {
      const at = port();
      if (at === null) return;
      perform("steps:removePort", (draft, graph) =>
        removePort(draft, useDefs.getState().defs, graph, at.side, at.index),
      );
    },
  },
];
