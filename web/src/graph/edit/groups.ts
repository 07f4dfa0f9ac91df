/** Group frames. Which nodes belong to one is geometry: `membersOf`. */
import type { Draft } from "../change";
import type { GraphId, GroupRecord, NodeKey, Point } from "../document";
import {
  boundsOfAll,
  frameOf,
  GROUP_PADDING,
  GROUP_TITLE_HEIGHT,
  grow,
  holds,
  membersOf,
  type Rect,
} from "../geometry";
import { groupKey } from "../ids";
import { moveBy } from "./nodes";
import { movePoints } from "./reroutes";

export const GROUP_COLOUR = "#3f789e";

/** Put a frame around nodes. Returns its key, or null if none of them is there. */
export function groupNodes(
  draft: Draft,
  graph: GraphId,
  keys: Iterable<NodeKey>,
  title: string,
  groups: Iterable<string> = [],
): string | null {
  const inside = boundsOfAll(draft.graph(graph), keys, groups);
  return inside === null ? null : addGroup(draft, graph, title, framing(inside));
}

export function addGroup(draft: Draft, graph: GraphId, title: string, frame: Rect): string {
  const key = groupKey(draft.graph(graph));
  draft.put(graph, "groups", key, {
    title,
    bounding: boundingOf(frame),
    color: GROUP_COLOUR,
    rest: { font_size: 24, flags: {} },
  });
  return key;
}

/** Move a frame with all that lies in it, unless it is pinned. */
export function moveGroup(draft: Draft, graph: GraphId, key: string, by: Point): void {
  const group = draft.graph(graph).groups.by[key];
  if (group === undefined || isGroupPinned(group)) return;
  const members = membersOf(draft.graph(graph), key);
  moveAll(draft, graph, members.nodes, [key, ...members.groups], by);
}

/** Move nodes and frames together; frames take the points of links that lie in them along. */
export function moveAll(
  draft: Draft,
  graph: GraphId,
  nodes: Iterable<NodeKey>,
  groups: Iterable<string>,
  by: Point,
): void {
  moveBy(draft, graph, nodes, by);
  const frames: Rect[] = [];
  changeGroups(draft, graph, groups, (group) => {
    if (isGroupPinned(group)) return group;
    frames.push(frameOf(group));
    const [x, y, width, height] = group.bounding;
    return { ...group, bounding: [x + by[0], y + by[1], width, height] };
  });
  if (frames.length > 0) movePoints(draft, graph, (at) => frames.some((frame) => holds(frame, at)), by);
}

export function resizeGroup(draft: Draft, graph: GraphId, key: string, frame: Rect): void {
  changeGroups(draft, graph, [key], (group) => ({ ...group, bounding: boundingOf(frame) }));
}

/** Draw the frame closely around its members. An empty one stays as it is. */
export function fitGroup(draft: Draft, graph: GraphId, key: string): void {
  const members = membersOf(draft.graph(graph), key);
  const inside = boundsOfAll(draft.graph(graph), members.nodes, members.groups);
  if (inside !== null) resizeGroup(draft, graph, key, framing(inside));
}

export function renameGroup(draft: Draft, graph: GraphId, key: string, title: string): void {
  changeGroups(draft, graph, [key], (group) => ({ ...group, title }));
}

export function colourGroup(
  draft: Draft,
  graph: GraphId,
  keys: Iterable<string>,
  color: string | null,
): void {
  changeGroups(draft, graph, keys, (group) => ({ ...group, color }));
}

/** Take frames away; what is in them stays. */
export function ungroup(draft: Draft, graph: GraphId, keys: Iterable<string>): void {
  for (const key of keys) draft.put(graph, "groups", key, null);
}

export function isGroupPinned(group: GroupRecord): boolean {
  const flags = group.rest["flags"];
  return typeof flags === "object" && flags !== null && !Array.isArray(flags) && flags["pinned"] === true;
}

/** The frame whose inside this is, with room for its title. */
export function framing(inside: Rect): Rect {
  const { x, y, width, height } = grow(inside, GROUP_PADDING);
  return { x, y: y - GROUP_TITLE_HEIGHT, width, height: height + GROUP_TITLE_HEIGHT };
}

function boundingOf({ x, y, width, height }: Rect): GroupRecord["bounding"] {
  return [x, y, width, height];
}

function changeGroups(
  draft: Draft,
  graph: GraphId,
  keys: Iterable<string>,
  edit: (group: GroupRecord) => GroupRecord,
): void {
  for (const key of keys) {
    const group = draft.record(graph, "groups", key);
    if (group !== undefined) draft.put(graph, "groups", key, edit(group));
  }
}
