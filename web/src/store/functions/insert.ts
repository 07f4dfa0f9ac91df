/** Putting published workflows into the open one. */
import { middle } from "@/canvas/view";
import { addNode } from "@/graph/edit/nodes";
import { freePlace, sizeOf } from "@/graph/geometry";
import { perform } from "../editor";
import { tell } from "../persist/notices";
import { loadClass } from "./classes";

/** Add the node of a release in the middle of the screen. Resolves to whether it is there. */
export async function insertWorkflow(classType: string): Promise<boolean> {
  const def = await loadClass(classType).catch(() => null);
  if (def === null) {
    tell("error", "functions:notice.noClass", { name: classType });
    return false;
  }
  perform(
    "steps:addNode",
    (draft, graph) => {
      const [[x, y], [width, height]] = [middle(), sizeOf(def)];
      return addNode(draft, graph, def, freePlace(draft.graph(graph), [x - width / 2, y - height / 2]));
    },
    (key) => [key],
  );
  return true;
}
