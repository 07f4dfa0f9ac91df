/** Adding what was chosen in the palette, and linking it to the wire it was asked for with. */

import type { Draft } from "@/graph/change";
import type { NodeKey, Point } from "@/graph/document";
import { addReroute, link } from "@/graph/edit/links";
import { addNode } from "@/graph/edit/nodes";
import { addNote } from "@/graph/edit/notes";
import { addPrimitive } from "@/graph/edit/primitive";
import { freePlace } from "@/graph/geometry";
import { MARKDOWN_NOTE, NOTE, PRIMITIVE, REROUTE } from "@/graph/kinds";
import type { Found } from "@/graph/search";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import type { PaletteAsked } from "../palette";
import { remember } from "../palette/recent";
import { focusNode } from "../pane/focusNode";
import { middle, toGraph } from "../view";
import { around } from "./nodes";

export function addFromPalette({ def, socket }: Found, { at, fits }: PaletteAsked): void {
  remember(def.name);
  const place = at === null ? middle() : toGraph(...at);
  const { defs } = useDefs.getState();
  const added = perform(
    "steps:addNode",
    (draft, graph) => {
      // Beside the end of the wire, or with its title at the pointer.
      const corner: Point =
        fits === null
          ? around(place)
          : fits.start.kind === "output"
            ? [place[0] + 10, place[1]]
            : [place[0] - 330, place[1]];
      const key = make(draft, graph, def, freePlace(draft.graph(graph), corner));
      if (fits !== null) connect(draft, graph, key, socket);
      return key;
    },
    (key) => [key],
  );
  // What was put somewhere by the pointer is where the person looks.
  focusNode(added, at === null);

  function connect(draft: Draft, graph: string, key: NodeKey, end: string | number | null): void {
    if (fits === null || end === null) return;
    const { start } = fits;
    if (start.kind === "output") {
      // A Reroute's input is called nothing, as files have it.
      link(draft, defs, graph, start.end, { node: key, input: String(end) });
    } else link(draft, defs, graph, { node: key, slot: Number(end) }, start.end);
  }
}

function make(draft: Draft, graph: string, def: Found["def"], at: Point): NodeKey {
  switch (def.name) {
    case REROUTE:
      return addReroute(draft, graph, at);
    case PRIMITIVE:
      return addPrimitive(draft, graph, at);
    case NOTE:
      return addNote(draft, graph, at, "", "plain");
    case MARKDOWN_NOTE:
      return addNote(draft, graph, at);
    default:
      return addNode(draft, graph, def, at);
  }
}
