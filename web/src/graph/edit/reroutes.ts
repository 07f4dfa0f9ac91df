/** Native reroute points and loose wires: geometry that hangs on links, and has to go with them. */
import type { Draft } from "../change";
import type { GraphId, NodeKey } from "../document";
import { isObject, type Json, type JsonObject } from "../json";

/** Forget links that are gone. Points that no wire goes through any more go too. */
export function forgetLinks(draft: Draft, graph: GraphId, gone: ReadonlySet<number>): void {
  const { info } = draft.graph(graph);
  const loose = info["floatingLinks"];
  const held = new Set((Array.isArray(loose) ? loose : []).map((link) => isObject(link) && link["parentId"]));
  let next = info;
  if (Array.isArray(info["reroutes"])) {
    next = { ...next, reroutes: thinned(info["reroutes"], gone, held) };
  }
  const extra = info["extra"];
  if (isObject(extra) && (Array.isArray(extra["reroutes"]) || Array.isArray(extra["linkExtensions"]))) {
    next = { ...next, extra: thinnedExtra(extra, gone, held) };
  }
  draft.info(graph, next);
}

function thinnedExtra(extra: JsonObject, gone: ReadonlySet<number>, held: ReadonlySet<unknown>): JsonObject {
  const { reroutes, linkExtensions } = extra;
  return {
    ...extra,
    ...(Array.isArray(reroutes) ? { reroutes: thinned(reroutes, gone, held) } : {}),
    ...(Array.isArray(linkExtensions)
      ? { linkExtensions: linkExtensions.filter((one) => !isObject(one) || !has(gone, one["id"])) }
      : {}),
  };
}

function thinned(points: readonly Json[], gone: ReadonlySet<number>, held: ReadonlySet<unknown>): Json[] {
  let left = points.map((point): Json => {
    const links = isObject(point) ? point["linkIds"] : undefined;
    if (!isObject(point) || !Array.isArray(links) || !links.some((id) => has(gone, id))) return point;
    return { ...point, linkIds: links.filter((id) => !has(gone, id)) };
  });
  for (;;) {
    const parents = new Set(left.map((point) => isObject(point) && point["parentId"]));
    const used = left.filter((point) => {
      if (!isObject(point)) return true;
      const isLinked = Array.isArray(point["linkIds"]) && point["linkIds"].length > 0;
      return isLinked || isObject(point["floating"]) || held.has(point["id"]) || parents.has(point["id"]);
    });
    if (used.length === left.length) return left;
    left = used;
  }
}

/** Drop the loose wires of nodes that are gone. */
export function forgetNodes(draft: Draft, graph: GraphId, gone: ReadonlySet<NodeKey>): void {
  const { info } = draft.graph(graph);
  const loose = info["floatingLinks"];
  if (!Array.isArray(loose)) return;
  const left = loose.filter(
    (link) => !isObject(link) || !(isAt(link["origin_id"], gone) || isAt(link["target_id"], gone)),
  );
  if (left.length < loose.length) draft.info(graph, { ...info, floatingLinks: left });
}

/** Move the points that lie where `isInside` says. */
export function movePoints(
  draft: Draft,
  graph: GraphId,
  isInside: (at: readonly [number, number]) => boolean,
  by: readonly [number, number],
): void {
  const { info } = draft.graph(graph);
  const moved = (points: readonly Json[]) =>
    points.map((point): Json => {
      const pos = isObject(point) ? point["pos"] : undefined;
      const [x, y] = Array.isArray(pos) ? pos : [];
      if (!isObject(point) || typeof x !== "number" || typeof y !== "number" || !isInside([x, y]))
        return point;
      return { ...point, pos: [x + by[0], y + by[1]] };
    });
  const { reroutes, extra } = info;
  let next = info;
  if (Array.isArray(reroutes)) next = { ...next, reroutes: moved(reroutes) };
  if (isObject(extra) && Array.isArray(extra["reroutes"])) {
    next = { ...next, extra: { ...extra, reroutes: moved(extra["reroutes"]) } };
  }
  draft.info(graph, next);
}

function has(gone: ReadonlySet<number>, id: Json | undefined): boolean {
  return typeof id === "number" && gone.has(id);
}

function isAt(id: Json | undefined, gone: ReadonlySet<NodeKey>): boolean {
  return (typeof id === "number" || typeof id === "string") && gone.has(String(id));
}
