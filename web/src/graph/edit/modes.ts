/** Muting and bypassing. */
import type { Draft } from "../change";
import { type GraphId, Mode, type NodeKey } from "../document";
import { isHost } from "../kinds";
import { records } from "../table";
import { change } from "./slots";

/**
 * Set the mode of nodes. The mode of a host counts for all that is inside, and for this instance only. Other
 * editors write it to every node inside too; so that they read ours and we undo theirs, the nodes inside go along
 * as long as they all have their host's mode, unless that would change another instance.
 */
export function setMode(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, mode: number): void {
  for (const key of [...keys]) {
    const node = draft.record(graph, "nodes", key);
    if (node === undefined || node.mode === mode) continue;
    change(draft, graph, [key], (one) => ({ ...one, mode }));
    if (!isHost(draft.document, node.type) || node.type === graph) continue;
    const inside = draft.graph(node.type).nodes;
    const isUniform = records(inside).every((inner) => inner.mode === node.mode);
    const follows = mode === Mode.ALWAYS || instances(draft, node.type) === 1;
    if (isUniform && follows) setMode(draft, node.type, inside.ids, mode);
  }
}

/** Turn a mode on, or off if all of them have it. */
export function toggleMode(draft: Draft, graph: GraphId, keys: Iterable<NodeKey>, mode: number): void {
  const chosen = [...keys];
  const { by } = draft.graph(graph).nodes;
  const isOn = chosen.every((key) => by[key] === undefined || by[key]?.mode === mode);
  setMode(draft, graph, chosen, isOn ? Mode.ALWAYS : mode);
}

function instances(draft: Draft, definition: GraphId): number {
  return records(draft.document.graphs)
    .flatMap((graph) => records(graph.nodes))
    .filter((node) => node.type === definition).length;
}
