/** PrimitiveNode: one value, shown as the widget of the first input it feeds. */
import type { Draft } from "../change";
import type { InputEnd } from "../connect";
import type { Defs } from "../defs";
import type { GraphId, NodeKey, NodeRecord, Point } from "../document";
import { defOf } from "../hosts";
import { nodeIds } from "../ids";
import type { Json } from "../json";
import { PRIMITIVE } from "../kinds";
import { linkIndex } from "../links";
import { ANY } from "../types";
import { fits, readWidgets } from "../widgets";

export function addPrimitive(draft: Draft, graph: GraphId, at: Point): NodeKey {
  const id = nodeIds(draft.graph(graph))();
  const node: NodeRecord = {
    id,
    type: PRIMITIVE,
    pos: at,
    size: [210, 82],
    mode: 0,
    title: null,
    flags: {},
    color: null,
    bgcolor: null,
    inputs: [],
    outputs: [{ name: "connect to widget input", type: ANY, rest: {} }],
    values: [],
    properties: { "Run widget replace on values": false },
    rest: {},
  };
  draft.put(graph, "nodes", String(id), node);
  return String(id);
}

/** Let a primitive that feeds nothing yet become what the input's widget is. A value that fits is kept. */
export function adopt(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey, to: InputEnd): void {
  const shown = draft.graph(graph);
  const [node, target] = [shown.nodes.by[key], shown.nodes.by[to.node]];
  if (node?.type !== PRIMITIVE || target === undefined || linkIndex(shown).outOf(key).length > 0) return;
  const def = defOf(draft.document, defs, target);
  const input = def?.inputs.find((one) => one.name === to.input);
  if (def === undefined || input === undefined || input.widget === null) return;
  const [had, control, filter] = Array.isArray(node.values) ? node.values : [];
  const keeps = had !== undefined && had !== null && fits({ input, kind: "value" }, had);
  const value: Json = keeps ? had : (readWidgets(target, def).values.get(input.name) ?? null);
  const values: Json[] = [value];
  if (input.widget === "INT" || input.widget === "FLOAT" || input.widget === "COMBO") {
    values.push(typeof control === "string" ? control : "fixed");
  }
  if (input.widget === "COMBO") values.push(typeof filter === "string" ? filter : "");
  const rest = { ...node.outputs?.[0]?.rest, widget: { name: input.name } };
  const outputs = [{ name: input.type, type: input.type, rest }];
  draft.put(graph, "nodes", key, { ...node, outputs, values });
}
