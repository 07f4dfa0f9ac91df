import { colourGroup } from "@/graph/edit/groups";
import { setColour } from "@/graph/edit/nodes";
import { perform, useEditor } from "@/store/editor";

/** Colour what is chosen: nodes with a title and a body colour, groups with the title's brighter twin. */
export function colour(title: string | null, body: string | null): void {
  const { selection, selectedGroups } = useEditor.getState();
  perform("steps:colour", (draft, graph) => {
    setColour(draft, graph, selection, { color: title, bgcolor: body });
    colourGroup(draft, graph, selectedGroups, body);
  });
}
