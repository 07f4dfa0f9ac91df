/** Moves every value that has a control on by one run. Which run, before or after, is the caller's choice. */
import type { Draft } from "../change";
import type { Defs, InputDef } from "../defs";
import type { GraphId, NodeKey, NodeRecord } from "../document";
import { defOf, hostDef, innerTargets } from "../hosts";
import type { Json } from "../json";
import { isHost, PRIMITIVE, REROUTE } from "../kinds";
import { linkIndex } from "../links";
import { type Control, isControl, places, readWidgets, writeWidget } from "../widgets";
import { nextValue } from "./nextValue";
import { list } from "./values";

export function applyControls(draft: Draft, defs: Defs, random: () => number): void {
  for (const graph of draft.document.graphs.ids) {
    for (const key of draft.graph(graph).nodes.ids) {
      const node = draft.graph(graph).nodes.by[key];
      if (node !== undefined) draft.put(graph, "nodes", key, moved(draft, defs, graph, key, node, random));
    }
  }
}

function moved(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  node: NodeRecord,
  random: () => number,
): NodeRecord {
  if (node.type === PRIMITIVE) return movedPrimitive(draft, defs, graph, key, node, random);
  if (isHost(draft.document, node.type)) return movedHost(draft, defs, node, random);
  const def = defs.get(node.type);
  if (def === undefined) return node;
  const { values, controls, filters } = readWidgets(node, def);
  let after = node;
  for (const [name, control] of controls) {
    const input = def.inputs.find((one) => one.name === name);
    if (input === undefined || control === "fixed") continue;
    const value = nextValue(input, values.get(name) ?? null, control, filters.get(name) ?? "", random);
    after = writeWidget(after, def, name, value);
  }
  return after;
}

/** The primitive's own control counts, for every number and choice; its type is that of what it feeds. */
function movedPrimitive(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  node: NodeRecord,
  random: () => number,
): NodeRecord {
  const [value, control, filter] = list(node.values);
  if (value === undefined || !isControl(control) || control === "fixed") return node;
  const input = firstFed(draft, defs, graph, key);
  if (input === undefined) return node;
  const next = nextValue(input, value, control, typeof filter === "string" ? filter : "", random);
  return { ...node, values: list(node.values).with(0, next) };
}

/** The first widget a primitive feeds, also behind reroutes. */
function firstFed(draft: Draft, defs: Defs, graph: GraphId, key: NodeKey): InputDef | undefined {
  const shown = draft.graph(graph);
  const links = linkIndex(shown);
  const seen = new Set([key]);
  const open = [...links.outOf(key)];
  for (let link = open.shift(); link !== undefined; link = open.shift()) {
    const target = shown.nodes.by[link.to];
    if (target === undefined) continue;
    const name = link.toInput;
    const input = defOf(draft.document, defs, target)?.inputs.find((one) => one.name === name);
    if (input !== undefined && input.widget !== null) return input;
    if (target.type !== REROUTE || seen.has(link.to)) continue;
    seen.add(link.to);
    open.push(...links.outOf(link.to));
  }
  return undefined;
}

/** An instance has no controls of its own: those of the widgets it shows, inside, move its values, too. */
function movedHost(draft: Draft, defs: Defs, node: NodeRecord, random: () => number): NodeRecord {
  const def = defOf(draft.document, defs, node);
  if (def === undefined) return node;
  const values = readWidgets(node, def).values;
  let after = node;
  places(def).forEach(({ input }, index) => {
    // What the instance leaves open follows the widget inside.
    const isGiven = !Array.isArray(node.values) || index < node.values.length;
    const behind = isGiven ? controlBehind(draft, defs, node.type, input.name) : null;
    if (behind === null || behind.control === "fixed") return;
    const value: Json = values.get(input.name) ?? null;
    after = writeWidget(
      after,
      def,
      input.name,
      nextValue(input, value, behind.control, behind.filter, random),
    );
  });
  return after;
}

/** The control of the widget inside that an input of a definition stands for. */
function controlBehind(
  draft: Draft,
  defs: Defs,
  definition: GraphId,
  name: string,
): { control: Control; filter: string } | null {
  const seen = new Set<GraphId>();
  for (let [at, input] = [definition, name]; !seen.has(at); ) {
    seen.add(at);
    const graph = draft.graph(at);
    const port = hostDef(draft.document, defs, at)?.inputs.findIndex((one) => one.name === input) ?? -1;
    const target = innerTargets(graph, port)[0];
    const node = graph.nodes.by[target?.node ?? ""];
    if (target === undefined || node === undefined) return null;
    if (isHost(draft.document, node.type)) {
      [at, input] = [node.type, target.input];
      continue;
    }
    const def = defs.get(node.type);
    const widgets = def && readWidgets(node, def);
    const control = widgets?.controls.get(target.input);
    return control === undefined ? null : { control, filter: widgets?.filters.get(target.input) ?? "" };
  }
  return null;
}
