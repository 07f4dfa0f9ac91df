/**
 * Subgraph instances ("hosts") as nodes like any other: a definition's inputs and outputs make a `NodeDef`, and
 * an input that leads to a widget inside is a widget of the host.
 */
import type { Defs, InputDef, NodeDef, WidgetKind } from "./defs";
import type { Document, Graph, GraphId, NodeRecord } from "./document";
import { isObject, type Json, type JsonObject } from "./json";
import { isHost } from "./kinds";
import { type Port, portLinks, ports, uniqueName } from "./ports";
import { PROMOTED } from "./widgetPlaces";
import { readWidgets } from "./widgets";

/** What is known of a node's class: the server's definition, or that of the subgraph it is an instance of. */
export function defOf(document: Document, defs: Defs, node: NodeRecord): NodeDef | undefined {
  if (!isHost(document, node.type)) return defs.get(node.type);
  const def = hostDef(document, defs, node.type);
  return def === undefined ? undefined : withProxies(document, defs, node, def);
}

interface Made {
  readonly defs: Defs;
  /** The state of the definitions inside that it was made from. */
  readonly inside: readonly (readonly [GraphId, Graph | undefined])[];
  readonly def: NodeDef;
}
const MADE = new WeakMap<Graph, Made>();

/** A subgraph definition as a node class. The same object as long as nothing inside changes. */
export function hostDef(document: Document, defs: Defs, id: GraphId): NodeDef | undefined {
  const graph = document.graphs.by[id];
  if (graph === undefined) return undefined;
  const made = MADE.get(graph);
  if (made?.defs === defs && made.inside.every(([inner, state]) => document.graphs.by[inner] === state)) {
    return made.def;
  }
  const inside = [...definitionsInside(document, id)];
  // A file may hold a definition that contains itself; nobody can make sense of its widgets.
  const isCircular = [id, ...inside].some((one) => definitionsInside(document, one).has(one));
  const def = build(document, defs, id, graph, isCircular);
  MADE.set(graph, { defs, inside: inside.map((one) => [one, document.graphs.by[one]]), def });
  return def;
}

/** The definitions that instances in this graph need, directly or deeper. Its own id is among them if it contains itself. */
export function definitionsInside(document: Document, graph: GraphId): ReadonlySet<GraphId> {
  const found = new Set<GraphId>();
  const open = [graph];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const nodes = document.graphs.by[id]?.nodes;
    for (const key of nodes?.ids ?? []) {
      const type = nodes?.by[key]?.type;
      if (type === undefined || found.has(type) || !isHost(document, type)) continue;
      found.add(type);
      open.push(type);
    }
  }
  return found;
}

function build(document: Document, defs: Defs, id: GraphId, graph: Graph, isCircular: boolean): NodeDef {
  return {
    name: id,
    title: textOf(graph.info["name"]) || "Subgraph",
    category: "",
    description: textOf(graph.info["description"]),
    inputs: ports(graph, "inputs").map((port, index) =>
      isCircular ? plainInput(port, true) : inputOf(document, defs, graph, port, index),
    ),
    outputs: ports(graph, "outputs").map((port) => ({
      name: port.name,
      type: port.type,
      isList: false,
      tooltip: null,
    })),
    isOutput: containsOutput(document, defs, id),
    deprecated: false,
    experimental: false,
    module: "",
  };
}

function inputOf(document: Document, defs: Defs, graph: Graph, port: Port, index: number): InputDef {
  const targets = innerTargets(graph, index).flatMap(({ node, input }) => {
    const record = graph.nodes.by[node];
    return record === undefined ? [] : [{ record, input: innerInput(document, defs, record, input) }];
  });
  const first = targets[0];
  if (first?.input === undefined || first.input.widget === null) {
    return plainInput(
      port,
      targets.every((target) => target.input?.optional ?? true),
    );
  }
  return promoted(document, defs, first.record, first.input, port.name);
}

function plainInput({ name, type }: Port, optional: boolean): InputDef {
  return { name, type, widget: null, choices: [], optional, options: {} };
}

/** The inputs inside that an input of the definition leads to, the first one first. */
export function innerTargets(graph: Graph, port: number): { node: string; input: string }[] {
  return portLinks(graph, "inputs", port).map((link) => ({ node: link.to, input: link.toInput }));
}

function innerInput(document: Document, defs: Defs, node: NodeRecord, name: string): InputDef | undefined {
  const known = defOf(document, defs, node)?.inputs.find((input) => input.name === name);
  const slot = node.inputs?.find((one) => one.name === name);
  const isWidget = isObject(slot?.rest["widget"]);
  if (known !== undefined && (known.widget !== null || !isWidget)) return known;
  // The class, or its input, is not known: the file still says which inputs are widgets, and has values for them.
  if (slot === undefined) return undefined;
  const widget = isWidget ? widgetFor(slot.type) : null;
  return { name, type: textOf(slot.type) || "*", widget, choices: [], optional: true, options: {} };
}

function widgetFor(type: Json): WidgetKind {
  return type === "INT" || type === "FLOAT" || type === "BOOLEAN" ? type : "STRING";
}

/** A widget inside as a widget of the host. It has no control of its own, and starts with the value inside. */
function promoted(document: Document, defs: Defs, node: NodeRecord, input: InputDef, name: string): InputDef {
  const def = defOf(document, defs, node);
  const value = def === undefined ? undefined : readWidgets(node, def).values.get(input.name);
  const options: JsonObject = { ...input.options, control_after_generate: false, [PROMOTED]: true };
  // Optional keeps the upload button out of the list of values, where hosts have none.
  return {
    ...input,
    name,
    optional: true,
    options: value === undefined ? options : { ...options, default: value },
  };
}

/** With the widgets that `properties.proxyWidgets` shows on the host without an input of the definition. */
function withProxies(document: Document, defs: Defs, node: NodeRecord, def: NodeDef): NodeDef {
  const listed = node.properties["proxyWidgets"];
  if (!Array.isArray(listed) || listed.length === 0) return def;
  const known = PROXIED.get(listed);
  if (known?.def === def) return known.full;
  const names = new Set(def.inputs.map((input) => input.name));
  const more: InputDef[] = [];
  for (const { inner, input } of proxied(document, defs, node)) {
    const name = uniqueName(input.name, names);
    names.add(name);
    const widget = promoted(document, defs, inner, input, name);
    more.push({ ...widget, options: { ...widget.options, socketless: true } });
  }
  const full = { ...def, inputs: [...def.inputs, ...more] };
  PROXIED.set(listed, { def, full });
  return full;
}
const PROXIED = new WeakMap<object, { def: NodeDef; full: NodeDef }>();

/** The widgets inside that `proxyWidgets` names. Entries of `-1` name the definition's own inputs, `$$` previews. */
export function proxied(
  document: Document,
  defs: Defs,
  host: NodeRecord,
): { inner: NodeRecord; input: InputDef }[] {
  const listed = host.properties["proxyWidgets"];
  const nodes = document.graphs.by[host.type]?.nodes;
  if (!Array.isArray(listed) || nodes === undefined) return [];
  return listed.flatMap((entry) => {
    const [id, name] = Array.isArray(entry) ? entry : [];
    if (typeof name !== "string" || name.startsWith("$$")) return [];
    const inner = nodes.by[String(id)];
    const input = inner && innerInput(document, defs, inner, name);
    return inner === undefined || input === undefined || input.widget === null ? [] : [{ inner, input }];
  });
}

function containsOutput(document: Document, defs: Defs, id: GraphId): boolean {
  return [id, ...definitionsInside(document, id)].some((inner) => {
    const nodes = document.graphs.by[inner]?.nodes;
    return nodes?.ids.some((key) => defs.get(nodes.by[key]?.type ?? "")?.isOutput === true) ?? false;
  });
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
