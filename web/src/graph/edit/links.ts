/** Making, cutting and moving links. */
import type { Draft } from "../change";
import { canConnect, type InputEnd, type OutputEnd, outputType } from "../connect";
import type { Defs } from "../defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type GraphId,
  type LinkRecord,
  type NodeKey,
  type NodeRecord,
  type Point,
} from "../document";
import { defOf } from "../hosts";
import { linkIds, nodeIds } from "../ids";
import { REROUTE } from "../kinds";
import { linkIndex } from "../links";
import { boundaryInputs, boundaryOutputs, type InputSocket, socketsOf } from "../sockets";
import { ANY } from "../types";
import { following } from "./follow";
import { adopt } from "./primitive";
import { forgetLinks } from "./reroutes";
import { ensureInput, ensureOutput } from "./slots";

/**
 * Link an output to an input, in place of the link the input had. Returns the link's id, or null if an end is not
 * there. Whether the link makes sense is `canConnect`'s to say.
 */
export function link(draft: Draft, defs: Defs, graph: GraphId, from: OutputEnd, to: InputEnd): number | null {
  const input = inputAt(draft, defs, graph, to);
  if (input === undefined || !hasOutput(draft, defs, graph, from)) return null;
  const old = linksInto(draft, graph, to);
  const same = old.find((one) => one.from === from.node && one.fromSlot === from.slot);
  if (same !== undefined) return same.id;
  return following(draft, defs, () => {
    remove(draft, graph, old);
    ensureOutput(draft, defs, graph, from.node, from.slot);
    ensureInput(draft, defs, graph, to.node, to.input);
    adopt(draft, defs, graph, from.node, to);
    const carried = outputType(draft.document, defs, graph, from);
    const id = linkIds(draft.graph(graph))();
    draft.put(graph, "links", String(id), {
      id,
      from: from.node,
      fromSlot: from.slot,
      to: to.node,
      toInput: to.input,
      type: carried === ANY ? input.type : carried,
      rest: {},
    });
    return id;
  });
}

export function unlink(draft: Draft, defs: Defs, graph: GraphId, links: Iterable<number | string>): void {
  const { by } = draft.graph(graph).links;
  const found = [...links].flatMap((id) => by[String(id)] ?? []);
  if (found.length > 0) following(draft, defs, () => remove(draft, graph, found));
}

/** Cut what comes into an input. */
export function unlinkInput(draft: Draft, defs: Defs, graph: GraphId, to: InputEnd): void {
  unlink(
    draft,
    defs,
    graph,
    linksInto(draft, graph, to).map((one) => one.id),
  );
}

/** Cut everything that comes out of an output. */
export function unlinkOutput(draft: Draft, defs: Defs, graph: GraphId, from: OutputEnd): void {
  const links = linkIndex(draft.graph(graph)).outOf(from.node);
  unlink(
    draft,
    defs,
    graph,
    links.filter((one) => one.fromSlot === from.slot).map((one) => one.id),
  );
}

/** Take links out of the table, and out of the points they went through. */
export function remove(draft: Draft, graph: GraphId, links: readonly LinkRecord[]): void {
  if (links.length === 0) return;
  for (const { id } of links) draft.put(graph, "links", String(id), null);
  forgetLinks(draft, graph, new Set(links.map((one) => one.id)));
}

/** Put a Reroute node into a link. Returns its key, or null if the link is not there. */
export function insertReroute(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  id: number | string,
  at: Point,
): NodeKey | null {
  const old = draft.graph(graph).links.by[String(id)];
  if (old === undefined) return null;
  return following(draft, defs, () => {
    const key = addReroute(draft, graph, at);
    const [from, to] = endsOf(old);
    link(draft, defs, graph, from, { node: key, input: "" });
    link(draft, defs, graph, { node: key, slot: 0 }, to);
    return key;
  });
}

/** A Reroute node, linked to nothing. */
export function addReroute(draft: Draft, graph: GraphId, at: Point): NodeKey {
  const id = nodeIds(draft.graph(graph))();
  const node: NodeRecord = {
    id,
    type: REROUTE,
    pos: at,
    size: [75, 26],
    mode: 0,
    title: null,
    flags: {},
    color: null,
    bgcolor: null,
    inputs: [{ name: "", type: ANY, rest: {} }],
    outputs: [{ name: "", type: ANY, rest: {} }],
    values: null,
    properties: { showOutputText: false, horizontal: false },
    rest: {},
  };
  draft.put(graph, "nodes", String(id), node);
  return String(id);
}

/** The input and output with which a node would fit into a link; null if it does not. */
export function fitInto(
  draft: Pick<Draft, "document">,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  id: number | string,
): { readonly input: string; readonly output: number } | null {
  const shown = draft.document.graphs.by[graph];
  const [old, node] = [shown?.links.by[String(id)], shown?.nodes.by[key]];
  if (shown === undefined || old === undefined || node === undefined) return null;
  if (old.from === key || old.to === key) return null;
  const [from, to] = endsOf(old);
  const { inputs, outputs } = socketsOf(node, defOf(draft.document, defs, node));
  const linked = linkIndex(shown).into(key);
  const connects = (a: OutputEnd, b: InputEnd) => canConnect(draft.document, defs, graph, a, b).ok;
  const input = inputs.find((one) => !linked.has(one.name) && connects(from, { node: key, input: one.name }));
  const output = outputs.find((one) => connects({ node: key, slot: one.index }, to));
  return input === undefined || output === undefined ? null : { input: input.name, output: output.index };
}

/** Put a node that is there into a link, if it fits. */
export function insertInto(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  id: number | string,
): boolean {
  const old = draft.graph(graph).links.by[String(id)];
  const place = fitInto(draft, defs, graph, key, id);
  if (old === undefined || place === null) return false;
  const [from, to] = endsOf(old);
  following(draft, defs, () => {
    link(draft, defs, graph, from, { node: key, input: place.input });
    link(draft, defs, graph, { node: key, slot: place.output }, to);
  });
  return true;
}

/** Let everything an output feeds be fed by another one, as far as that fits. Returns how many links moved. */
export function moveLinks(draft: Draft, defs: Defs, graph: GraphId, from: OutputEnd, to: OutputEnd): number {
  const links = linkIndex(draft.graph(graph))
    .outOf(from.node)
    .filter((one) => one.fromSlot === from.slot);
  return following(draft, defs, () => {
    let moved = 0;
    for (const one of links) {
      const end = { node: one.to, input: one.toInput };
      if (!canConnect(draft.document, defs, graph, to, end).ok) continue;
      if (link(draft, defs, graph, to, end) !== null) moved += 1;
    }
    return moved;
  });
}

export function endsOf(link: LinkRecord): readonly [OutputEnd, InputEnd] {
  return [
    { node: link.from, slot: link.fromSlot },
    { node: link.to, input: link.toInput },
  ];
}

function linksInto(draft: Draft, graph: GraphId, to: InputEnd): LinkRecord[] {
  return linkIndex(draft.graph(graph))
    .allInto(to.node)
    .filter((one) => one.toInput === to.input);
}

function inputAt(draft: Draft, defs: Defs, graph: GraphId, to: InputEnd): InputSocket | undefined {
  const shown = draft.graph(graph);
  const node = shown.nodes.by[to.node];
  const sockets =
    to.node === BOUNDARY_OUT
      ? boundaryInputs(shown)
      : node && socketsOf(node, defOf(draft.document, defs, node)).inputs;
  return sockets?.find((socket) => socket.name === to.input);
}

function hasOutput(draft: Draft, defs: Defs, graph: GraphId, from: OutputEnd): boolean {
  const shown = draft.graph(graph);
  const node = shown.nodes.by[from.node];
  const sockets =
    from.node === BOUNDARY_IN
      ? boundaryOutputs(shown)
      : node && socketsOf(node, defOf(draft.document, defs, node)).outputs;
  return sockets?.some((socket) => socket.index === from.slot) ?? false;
}
