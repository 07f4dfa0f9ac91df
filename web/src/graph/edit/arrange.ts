/** Automatic layout as an edit. Apart from the other edits, as the layout library is loaded only when it is needed. */
import type { Draft } from "../change";
import type { GraphId, NodeKey } from "../document";
import { boundsOfAll, membersOf } from "../geometry";
import { layout } from "../layout";
import { framing, resizeGroup } from "./groups";
import { move } from "./nodes";

/** Lay nodes out, all of the graph or only some, and draw frames whose members all moved around them again. */
export function autoLayout(draft: Draft, graph: GraphId, ids?: Iterable<NodeKey>): void {
  const before = draft.graph(graph);
  const places = layout(draft.document, graph, ids);
  const groups = before.groups.ids
    .map((key) => ({ key, members: membersOf(before, key) }))
    .filter(({ members }) => members.nodes.length > 0 && members.nodes.every((node) => places.has(node)))
    // Frames inside of others first: the outer ones are drawn around them.
    .sort((a, b) => a.members.groups.length - b.members.groups.length);
  move(draft, graph, places);
  for (const { key, members } of groups) {
    const inside = boundsOfAll(draft.graph(graph), members.nodes, members.groups);
    if (inside !== null) resizeGroup(draft, graph, key, framing(inside));
  }
}
