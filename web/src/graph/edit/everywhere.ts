/** What becomes of the links "use everywhere" nodes made, when nodes move from one graph into another. */
import type { Draft } from "../change";
import type { GraphId, LinkRecord, NodeKey } from "../document";
import { endsIn, everywhere, storedLinks, withStored } from "../formats/everywhere";
import { linkIds } from "../ids";
import { isObject, type Json } from "../json";

/** Those between nodes that move and nodes that stay, as links like any other: no graph can store them. */
export function crossingLinks(
  draft: Draft,
  graph: GraphId,
  moving: ReadonlySet<NodeKey>,
): readonly LinkRecord[] {
  const nextId = linkIds(draft.graph(graph));
  return everywhere(draft.graph(graph))
    .filter((one) => moving.has(one.from) !== moving.has(one.to))
    .map((one) => ({ ...one, id: nextId() }));
}

/** Forget what is stored of nodes that move. Returns what is stored among themselves, for where they go. */
export function takeStored(draft: Draft, graph: GraphId, moving: ReadonlySet<NodeKey>): readonly Json[] {
  const stored = storedLinks(draft.graph(graph));
  const isIn = (node: NodeKey) => moving.has(node);
  const stay = stored.filter((entry) => !Object.values(endsIn(entry)).some(isIn));
  if (stay.length < stored.length) draft.info(graph, withStored(draft.graph(graph).info, stay));
  return stored.filter((entry) => Object.values(endsIn(entry)).every(isIn));
}

/** Store links for nodes that got new keys. */
export function putStored(
  draft: Draft,
  graph: GraphId,
  entries: readonly Json[],
  keys: ReadonlyMap<NodeKey, NodeKey>,
): void {
  const moved = entries.flatMap((entry): Json[] => {
    if (!isObject(entry) || !Object.values(endsIn(entry)).every((node) => keys.has(node))) return [];
    const renamed = ["upstream", "downstream", "controller"].flatMap((end) => {
      const key = keys.get(String(entry[end]));
      return key === undefined ? [] : [[end, typeof entry[end] === "number" ? Number(key) : key]];
    });
    return [{ ...entry, ...Object.fromEntries(renamed) }];
  });
  if (moved.length === 0) return;
  const { info } = draft.graph(graph);
  draft.info(graph, withStored(info, [...storedLinks(draft.graph(graph)), ...moved]));
}
