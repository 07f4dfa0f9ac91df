/** Which output may be linked to which input, and why not. */
import type { Defs } from "./defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Document,
  type Graph,
  type GraphId,
  type NodeKey,
  type NodeRecord,
} from "./document";
import { defOf } from "./hosts";
import { type Json, same } from "./json";
import { PRIMITIVE, REROUTE } from "./kinds";
import { linkIndex, pathBetween, reach } from "./links";
import { boundaryInputs, boundaryOutputs, type InputSocket, type OutputSocket, socketsOf } from "./sockets";
import { ANY, compatible } from "./types";

export interface OutputEnd {
  readonly node: NodeKey;
  /** Index of the output; of the definition's input at `BOUNDARY_IN`. */
  readonly slot: number;
}
export interface InputEnd {
  readonly node: NodeKey;
  /** Name of the input; of the definition's output at `BOUNDARY_OUT`. */
  readonly input: string;
}

/**
 * Why a link is refused: the types differ; the node is its own source; the link would close a circle (`detail` names
 * the way round); there is no such output or input; a primitive only feeds widgets; the primitive feeds a combo that has
 * other choices.
 */
export type RefusalCode = "type" | "self" | "cycle" | "noOutput" | "noInput" | "primitive" | "choices";
export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: RefusalCode; readonly detail: string };

const YES: Verdict = { ok: true };

export function canConnect(
  document: Document,
  defs: Defs,
  graph: GraphId,
  from: OutputEnd,
  to: InputEnd,
): Verdict {
  const view = viewOf(document, defs, graph);
  const output = view.outputs(from.node).find((socket) => socket.index === from.slot);
  if (output === undefined) return no("noOutput", `${view.title(from.node)} · ${from.slot}`);
  const input = view.inputs(to.node).find((socket) => socket.name === to.input);
  if (input === undefined) return no("noInput", `${view.title(to.node)} · ${to.input}`);
  if (from.node === to.node) return no("self", view.title(from.node));
  const taken = takenType(view, from.node, output);
  const misfit = refusal(view, from.node, taken, to.node, input);
  if (misfit !== null) return misfit;
  const path = pathBetween(view.graph, to.node, from.node);
  if (path === null) return YES;
  return no("cycle", [...path, to.node].map((node) => view.title(node)).join(" → "));
}

/** Every input that would accept a link from this output, by node. What the new link replaces does not matter. */
export function acceptingInputs(
  document: Document,
  defs: Defs,
  graph: GraphId,
  from: OutputEnd,
): ReadonlyMap<NodeKey, ReadonlySet<string>> {
  const view = viewOf(document, defs, graph);
  const output = view.outputs(from.node).find((socket) => socket.index === from.slot);
  const found = new Map<NodeKey, ReadonlySet<string>>();
  if (output === undefined) return found;
  const taken = takenType(view, from.node, output);
  const before = reach(view.graph, from.node, "up");
  for (const node of view.keys("outputs")) {
    if (before.has(node)) continue;
    const fits = view.inputs(node).filter((input) => refusal(view, from.node, taken, node, input) === null);
    if (fits.length > 0) found.set(node, new Set(fits.map((input) => input.name)));
  }
  return found;
}

/** Every output that could feed this input, by node. */
export function acceptingOutputs(
  document: Document,
  defs: Defs,
  graph: GraphId,
  to: InputEnd,
): ReadonlyMap<NodeKey, ReadonlySet<number>> {
  const view = viewOf(document, defs, graph);
  const input = view.inputs(to.node).find((socket) => socket.name === to.input);
  const found = new Map<NodeKey, ReadonlySet<number>>();
  if (input === undefined) return found;
  const after = reach(view.graph, to.node, "down");
  for (const node of view.keys("inputs")) {
    if (after.has(node)) continue;
    const fits = view
      .outputs(node)
      .filter((output) => refusal(view, node, takenType(view, node, output), to.node, input) === null);
    if (fits.length > 0) found.set(node, new Set(fits.map((output) => output.index)));
  }
  return found;
}

/** The type that really comes out: a reroute gives what it is fed, a primitive nobody uses can still be anything. */
export function outputType(document: Document, defs: Defs, graph: GraphId, from: OutputEnd): string {
  const view = viewOf(document, defs, graph);
  const output = view.outputs(from.node).find((socket) => socket.index === from.slot);
  return output === undefined ? ANY : takenType(view, from.node, output);
}

interface View {
  readonly graph: Graph;
  inputs(node: NodeKey): readonly InputSocket[];
  outputs(node: NodeKey): readonly OutputSocket[];
  title(node: NodeKey): string;
  /** All nodes, with the boundary node that has inputs (`outputs` of the definition) or outputs. */
  keys(boundary: "inputs" | "outputs"): readonly NodeKey[];
  record(node: NodeKey): NodeRecord | undefined;
}

function viewOf(document: Document, defs: Defs, id: GraphId): View {
  const graph = document.graphs.by[id];
  if (graph === undefined) throw new Error(`there is no graph ${id}`);
  const sockets = (node: NodeKey) => {
    const record = graph.nodes.by[node];
    return record && socketsOf(record, defOf(document, defs, record));
  };
  return {
    graph,
    inputs: (node) => (node === BOUNDARY_OUT ? boundaryInputs(graph) : (sockets(node)?.inputs ?? [])),
    outputs: (node) => (node === BOUNDARY_IN ? boundaryOutputs(graph) : (sockets(node)?.outputs ?? [])),
    title: (node) => titleOf(document, defs, id, node),
    keys: (boundary) => [...graph.nodes.ids, boundary === "inputs" ? BOUNDARY_IN : BOUNDARY_OUT],
    record: (node) => graph.nodes.by[node],
  };
}

/** What a node is called on screen; the ends of a subgraph are "input" and "output" of its definition. */
export function titleOf(document: Document, defs: Defs, graph: GraphId, node: NodeKey): string {
  const shown = document.graphs.by[graph];
  const record = shown?.nodes.by[node];
  if (record !== undefined) return record.title ?? defOf(document, defs, record)?.title ?? record.type;
  const name = shown?.info["name"];
  return typeof name === "string" && name !== "" ? name : node;
}

function refusal(view: View, from: NodeKey, type: string, to: NodeKey, input: InputSocket): Verdict | null {
  const isPrimitive = view.record(from)?.type === PRIMITIVE;
  if (isPrimitive && !input.isWidget && view.record(to)?.type !== REROUTE) {
    return no("primitive", `${view.title(to)} · ${input.label}`);
  }
  const choices = isPrimitive && input.def?.widget === "COMBO" ? choicesOf(view, from) : null;
  if (choices !== null && !same([...choices], [...(input.def?.choices ?? [])])) {
    return no("choices", `${view.title(to)} · ${input.label}`);
  }
  for (const wanted of wantedTypes(view, to, input)) {
    if (!compatible(type, wanted)) return no("type", `${type} → ${wanted}`);
  }
  return null;
}

/** The choices of the combo a primitive feeds already. */
function choicesOf(view: View, primitive: NodeKey): readonly Json[] | null {
  const [link] = linkIndex(view.graph).outOf(primitive);
  const target = link && view.inputs(link.to).find((socket) => socket.name === link.toInput);
  return target?.def?.widget === "COMBO" ? target.def.choices : null;
}

function takenType(view: View, node: NodeKey, output: OutputSocket): string {
  const seen = new Set<NodeKey>();
  let at: { node: NodeKey; type: string } = { node, type: output.type };
  for (;;) {
    const record = view.record(at.node);
    if (record?.type === PRIMITIVE && linkIndex(view.graph).outOf(at.node).length === 0) return ANY;
    if (record?.type !== REROUTE || seen.has(at.node)) return at.type;
    seen.add(at.node);
    const [link] = linkIndex(view.graph).into(at.node).values();
    if (link === undefined) return ANY;
    const source = view.outputs(link.from).find((socket) => socket.index === link.fromSlot);
    if (source === undefined) return ANY;
    at = { node: link.from, type: source.type };
  }
}

/** The types an input must be given: its own; for a reroute those of everything behind it. */
function wantedTypes(view: View, node: NodeKey, input: InputSocket): string[] {
  if (view.record(node)?.type !== REROUTE) return [input.type];
  const seen = new Set([node]);
  const open = [node];
  const types: string[] = [];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const link of linkIndex(view.graph).outOf(at)) {
      if (view.record(link.to)?.type === REROUTE) {
        if (!seen.has(link.to)) open.push(link.to);
        seen.add(link.to);
        continue;
      }
      const target = view.inputs(link.to).find((socket) => socket.name === link.toInput);
      if (target !== undefined) types.push(target.type);
    }
  }
  return types;
}

function no(code: RefusalCode, detail: string): Verdict {
  return { ok: false, code, detail };
}
