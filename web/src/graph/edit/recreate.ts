/** Making a node new from its definition, for nodes whose class has changed since they were saved. */
import type { Draft } from "../change";
import type { Defs, NodeDef } from "../defs";
import type { GraphId, NodeKey, NodeRecord } from "../document";
import { defOf } from "../hosts";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { type OutputSocket, socketsOf } from "../sockets";
import { compatible } from "../types";
import { places, readWidgets, writeControl, writeWidget } from "../widgets";
import { following } from "./follow";
import { remove } from "./links";
import { freshNode } from "./nodes";

/** Reset a node to its definition. Links stay where sockets fit, values where they fit; the rest takes its default. */
export function recreate(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey): void {
  const node = draft.graph(graph).nodes.by[key];
  const def = node && defOf(draft.document, defs, node);
  if (node === undefined || def === undefined) return;
  following(draft, defs, () => {
    const before = socketsOf(node, def).outputs;
    const shape = freshNode(node.id, def, node.pos, isHost(draft.document, node.type));
    const fresh: NodeRecord = {
      ...node,
      size: [Math.max(node.size[0], shape.size[0]), Math.max(node.size[1], shape.size[1])],
      inputs: shape.inputs,
      outputs: shape.outputs,
      values: shape.values,
    };
    draft.put(graph, "nodes", key, withValues(fresh, node, def));
    keepLinks(draft, graph, key, node, def, before);
  });
}

function withValues(fresh: NodeRecord, old: NodeRecord, def: NodeDef): NodeRecord {
  const { values, controls, misfits } = readWidgets(old, def);
  let node = fresh;
  for (const { input, kind } of places(def)) {
    const value = values.get(input.name);
    const control = controls.get(input.name);
    if (kind === "value" && value !== undefined && !misfits.includes(input.name)) {
      node = writeWidget(node, def, input.name, value);
    }
    if (kind === "control" && control !== undefined) node = writeControl(node, def, input.name, control);
  }
  return node;
}

function keepLinks(
  draft: Draft,
  graph: GraphId,
  key: NodeKey,
  old: NodeRecord,
  def: NodeDef,
  before: readonly OutputSocket[],
): void {
  const index = linkIndex(draft.graph(graph));
  const inputs = new Set(def.inputs.map((input) => input.name));
  const lost = index.allInto(key).filter((link) => !inputs.has(link.toInput));
  for (const link of index.outOf(key)) {
    const slot = outputFor(link.fromSlot, link.type, old, def, before);
    if (slot === null) lost.push(link);
    else draft.put(graph, "links", String(link.id), { ...link, fromSlot: slot });
  }
  remove(draft, graph, lost);
}

/** The output of the definition that an old one became: that of its name, else the one in its place if it fits. */
function outputFor(
  index: number,
  type: NodeRecord["values"],
  old: NodeRecord,
  def: NodeDef,
  before: readonly OutputSocket[],
): number | null {
  const name = old.outputs?.[index]?.name ?? before[index]?.name;
  const named = def.outputs.findIndex((output) => output.name === name && compatible(output.type, type));
  const beside = def.outputs[index];
  if (beside !== undefined && (beside.name === name || named < 0) && compatible(beside.type, type))
    return index;
  return named < 0 ? null : named;
}
