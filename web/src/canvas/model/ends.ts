/** Which sockets of a graph's nodes are linked, looked up by node. Nodes whose links stayed keep their object. */
import type { Graph, LinkRecord, NodeKey } from "@/graph/document";

export interface Ends {
  /** By the input's name. */
  readonly inputs: ReadonlyMap<string, LinkRecord>;
  /** By the output's index. */
  readonly outputs: ReadonlyMap<number, readonly LinkRecord[]>;
}

export const NO_ENDS: Ends = { inputs: new Map(), outputs: new Map() };

interface Making {
  inputs: Map<string, LinkRecord>;
  outputs: Map<number, LinkRecord[]>;
}

const found = new WeakMap<Graph["links"], ReadonlyMap<NodeKey, Ends>>();
/** Of the graph looked at before: most edits leave most nodes' links alone. */
let before: ReadonlyMap<NodeKey, Ends> = new Map();

export function endsOf(graph: Graph): ReadonlyMap<NodeKey, Ends> {
  const known = found.get(graph.links);
  if (known !== undefined) return known;
  const making = new Map<NodeKey, Making>();
  const at = (node: NodeKey): Making => {
    let ends = making.get(node);
    if (ends === undefined) {
      ends = { inputs: new Map(), outputs: new Map() };
      making.set(node, ends);
    }
    return ends;
  };
  for (const id of graph.links.ids) {
    const link = graph.links.by[id];
    if (link === undefined) continue;
    at(link.to).inputs.set(link.toInput, link);
    const { outputs } = at(link.from);
    const links = outputs.get(link.fromSlot);
    if (links === undefined) outputs.set(link.fromSlot, [link]);
    else links.push(link);
  }
  const shared = new Map<NodeKey, Ends>();
  for (const [node, ends] of making) {
    const old = before.get(node);
    shared.set(node, old !== undefined && equal(old, ends) ? old : ends);
  }
  before = shared;
  found.set(graph.links, shared);
  return shared;
}

function equal(a: Ends, b: Ends): boolean {
  if (a.inputs.size !== b.inputs.size || a.outputs.size !== b.outputs.size) return false;
  for (const [name, link] of a.inputs) if (b.inputs.get(name) !== link) return false;
  for (const [slot, links] of a.outputs) {
    const others = b.outputs.get(slot);
    if (others?.length !== links.length || links.some((link, index) => others[index] !== link)) return false;
  }
  return true;
}
