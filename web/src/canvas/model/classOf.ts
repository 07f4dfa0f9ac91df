/** The class a node is shown by: the server's, that of a subgraph, or for a primitive the widget it feeds. */
import { type Defs, type InputDef, type NodeDef, readDef } from "@/graph/defs";
import type { Document, Graph, NodeKey, NodeRecord } from "@/graph/document";
import { defOf } from "@/graph/hosts";
import { PRIMITIVE, REROUTE } from "@/graph/kinds";
import { linkIndex } from "@/graph/links";

export function classOf(
  document: Document,
  defs: Defs,
  graph: Graph,
  key: NodeKey,
  node: NodeRecord,
): NodeDef | undefined {
  if (node.type !== PRIMITIVE) return defOf(document, defs, node);
  const input = fedBy(document, defs, graph, key);
  return input === undefined ? UNFED : primitiveClass(input);
}

/** The first widget a primitive feeds, behind whatever reroutes. */
function fedBy(document: Document, defs: Defs, graph: Graph, key: NodeKey): InputDef | undefined {
  const index = linkIndex(graph);
  const seen = new Set<NodeKey>();
  const open = [key];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    if (seen.has(at)) continue;
    seen.add(at);
    for (const link of index.outOf(at)) {
      const target = graph.nodes.by[link.to];
      if (target === undefined) continue;
      if (target.type === REROUTE) open.push(link.to);
      const input = defOf(document, defs, target)?.inputs.find((one) => one.name === link.toInput);
      if (input !== undefined && input.widget !== null) return input;
    }
  }
  return undefined;
}

/** A primitive that feeds nothing yet has nothing to show. */
const UNFED: NodeDef = { ...readDef(PRIMITIVE, {}), title: "Primitive", category: "utils" };

const MADE = new WeakMap<InputDef, NodeDef>();

function primitiveClass(fed: InputDef): NodeDef {
  const known = MADE.get(fed);
  if (known !== undefined) return known;
  const hasControl = fed.widget === "INT" || fed.widget === "COMBO";
  const options = { ...fed.options, socketless: true, control_after_generate: hasControl };
  const def: NodeDef = {
    ...UNFED,
    inputs: [{ ...fed, options }],
    outputs: [{ name: fed.type, type: fed.type, isList: false, tooltip: null }],
  };
  MADE.set(fed, def);
  return def;
}
