import type { NodeKey } from "@/graph/document";
import { framing, resizeGroup } from "@/graph/edit/groups";
import { move } from "@/graph/edit/nodes";
import { boundsOfAll, membersOf } from "@/graph/geometry";
import { perform } from "@/store/editor";
import { shown } from "../useShown";
import { fitView } from "../view";

/** Lay nodes out from left to right as they are linked. The layouter is fetched when it is first needed. */
export async function arrange(keys?: readonly NodeKey[]): Promise<void> {
  const { layout } = await import("@/graph/layout");
  const { id, graph, document } = shown();
  const places = layout(document, id, keys);
  // Frames whose members all moved go around them again; smaller ones first, as larger ones hold them.
  const frames = graph.groups.ids
    .map((key) => ({ key, members: membersOf(graph, key) }))
    .filter(({ members }) => members.nodes.length > 0 && members.nodes.every((node) => places.has(node)))
    .sort((a, b) => a.members.nodes.length - b.members.nodes.length);
  perform("steps:layout", (draft) => {
    move(draft, id, places);
    for (const { key, members } of frames) {
      const inside = boundsOfAll(draft.graph(id), members.nodes, members.groups);
      if (inside !== null) resizeGroup(draft, id, key, framing(inside));
    }
  });
  // Nothing is where it was: show where it went.
  if (keys === undefined) fitView();
}
