/** What of a comparison is marked on a graph, node by node. */
import { type Difference, isMeaningful } from "@/graph/diff";
import type { GraphId, NodeKey } from "@/graph/document";

/** A conflict: both sides of a merge changed it, and nobody has decided yet. */
export type MarkKind = "added" | "removed" | "changed" | "conflict";

export interface NodeMark {
  readonly kind: MarkKind;
  /** What changed of it. Not for what came or went. */
  readonly changes: readonly Difference[];
}

export type Rewired = Extract<Difference, { kind: "rewired" }>;

export interface Marks {
  readonly nodes: ReadonlyMap<NodeKey, NodeMark>;
  /** Nodes of the older graph that are not in the newer one. */
  readonly ghosts: readonly NodeKey[];
  readonly rewired: readonly Rewired[];
}

export const NO_MARKS: Marks = { nodes: new Map(), ghosts: [], rewired: [] };

/** For one of the two graphs; what was removed lies as a ghost in the newer one. */
export function marksOf(
  differences: readonly Difference[],
  graph: GraphId,
  side: "before" | "after" = "after",
): Marks {
  const nodes = new Map<NodeKey, { kind: MarkKind; changes: Difference[] }>();
  const ghosts: NodeKey[] = [];
  const rewired: Rewired[] = [];
  for (const one of differences) {
    if (one.graph !== graph || !("node" in one) || one.kind === "moved") continue;
    if (one.kind === "nodeRemoved") {
      if (side === "after") ghosts.push(one.node);
      else nodes.set(one.node, { kind: "removed", changes: [] });
      continue;
    }
    if (one.kind === "nodeAdded") {
      if (side === "after") nodes.set(one.node, { kind: "added", changes: [] });
      continue;
    }
    if (one.kind === "rewired") rewired.push(one);
    const key = side === "after" ? one.node : (one.nodeBefore ?? one.node);
    const known = nodes.get(key);
    if (known === undefined) nodes.set(key, { kind: "changed", changes: [one] });
    // What feeds a node that came is part of its coming.
    else if (known.kind === "changed") known.changes.push(one);
  }
  return { nodes, ghosts, rewired };
}

/** The same with nodes in conflict marked as such, whatever else is different about them. */
export function withConflicts(marks: Marks, conflicts: readonly NodeKey[]): Marks {
  if (conflicts.length === 0) return marks;
  const nodes = new Map(marks.nodes);
  for (const key of conflicts) {
    nodes.set(key, { kind: "conflict", changes: nodes.get(key)?.changes ?? [] });
  }
  return { ...marks, nodes };
}

/** What a run would notice first, what only looks different after it. */
export function sorted(differences: readonly Difference[]): {
  readonly meaning: readonly Difference[];
  readonly layout: readonly Difference[];
} {
  const isSaid = (one: Difference) => isMeaningful(one) || one.kind === "retitled" || one.kind === "control";
  return {
    meaning: differences.filter(isSaid),
    layout: differences.filter((one) => !isSaid(one)),
  };
}
