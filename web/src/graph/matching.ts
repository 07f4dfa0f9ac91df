/** Which node of an older graph each node of a newer one was. */
import type { Graph, NodeKey, NodeRecord } from "./document";
import type { Json } from "./json";

/** What nodes without a common id are known by, the surest first: ids are made anew by pasting and renumbering. */
const SIGNS: readonly ((node: NodeRecord) => Json)[] = [
  ({ type, title, values, pos }) => [type, title, values, [...pos]],
  ({ type, title, values }) => [type, title, values],
  ({ type, pos }) => [type, [...pos]],
];

/** Keys of the newer graph to those of the older; a node that is missing in it is new. */
export function matchNodes(old: Graph, now: Graph): ReadonlyMap<NodeKey, NodeKey> {
  const twins = new Map<NodeKey, NodeKey>();
  for (const key of now.nodes.ids) {
    if (now.nodes.by[key]?.type === old.nodes.by[key]?.type) twins.set(key, key);
  }
  let gone = old.nodes.ids.filter((key) => twins.get(key) !== key);
  let came = now.nodes.ids.filter((key) => !twins.has(key));
  for (const sign of SIGNS) {
    if (gone.length === 0 || came.length === 0) break;
    const waiting = new Map<string, NodeKey[]>();
    const signOf = (graph: Graph, key: NodeKey) => {
      const node = graph.nodes.by[key];
      return node === undefined ? "" : JSON.stringify(sign(node));
    };
    for (const key of gone) {
      const signed = signOf(old, key);
      waiting.set(signed, [...(waiting.get(signed) ?? []), key]);
    }
    for (const key of came) {
      const twin = waiting.get(signOf(now, key))?.shift();
      if (twin !== undefined) twins.set(key, twin);
    }
    const taken = new Set(twins.values());
    gone = gone.filter((key) => !taken.has(key));
    came = came.filter((key) => !twins.has(key));
  }
  return twins;
}
