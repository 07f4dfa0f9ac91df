/** A document as the prompt the server runs: subgraphs opened, canvas-only nodes gone, values by name. */
import type { Defs, InputDef, NodeDef } from "../defs";
import { type Document, type GraphId, Mode, type NodeKey, type NodeRecord } from "../document";
import { isObject, type Json } from "../json";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { countedInputs } from "../sockets";
import { hasPlace, readWidgets } from "../widgets";
import type { Finding } from "./finding";
import { type Answer, Resolver } from "./resolve";
import { linkInto, openScopes, type Scope } from "./scope";
import { type LookUp, replaceTokens, type Substitution, substitute } from "./substitute";
import { typeName } from "./values";
import { behaviourOf } from "./virtual";

/** A type, not an interface, so that it counts as plain data. */
export type ApiNode = {
  inputs: Record<string, Json>;
  class_type: string;
  _meta: { title: string };
};
export type ApiPrompt = Record<string, ApiNode>;

/** Where a node of the prompt stands in the document. */
export interface Place {
  readonly graph: GraphId;
  readonly node: NodeKey;
  /** The instances it is inside of, the outermost one first. */
  readonly path: readonly NodeKey[];
}

export interface Conversion {
  readonly prompt: ApiPrompt;
  readonly findings: readonly Finding[];
  /** By id in the prompt; nodes that do not run have theirs, too. */
  readonly places: ReadonlyMap<string, Place>;
  /** Ids in the prompt whose class the server has not. */
  readonly unknown: ReadonlySet<string>;
}

export interface ConversionOptions {
  /** Ids in the prompt: only these and what they need. */
  readonly targets?: readonly string[];
  /** Leave out for a conversion that is only looked at: texts then stay as written. */
  readonly substitution?: Substitution;
  /** Types of unknown nodes to go through as if they were reroutes. */
  readonly reroutes?: ReadonlySet<string>;
}

export function toApi(document: Document, defs: Defs, options: ConversionOptions = {}): Conversion {
  const findings: Finding[] = [];
  const report = (finding: Finding) => findings.push(finding);
  const root = openScopes(document, defs, report);
  const reroutes = options.reroutes ?? new Set<string>();
  const resolver = new Resolver(document, defs, reroutes, report);
  const lookUp = valuesBy(defs, resolver);
  const { substitution } = options;
  const prompt: ApiPrompt = {};
  const places = new Map<string, Place>();
  const unknown = new Set<string>();
  for (const { scope, key, node } of flatten(root)) {
    if (isHost(document, node.type) || behaviourOf(node.type, defs, reroutes) !== "runs") continue;
    const id = scope.prefix + key;
    places.set(id, { graph: scope.id, node: key, path: scope.path });
    if (scope.isOff || node.mode === Mode.MUTE || node.mode === Mode.BYPASS) continue;
    const def = defs.get(node.type);
    if (def === undefined) {
      unknown.add(id);
      findings.push(unknownClass(scope, key, node));
    }
    const inputs = widgetInputs(scope, key, node, def, report);
    for (const [name, answer] of linkInputs(scope, key, node, def, resolver)) {
      inputs[name] =
        answer.kind === "output" ? [answer.id, answer.slot] : linkedValue(answer, lookUp, substitution);
    }
    if (substitution !== undefined) substitute(scope, node, def, inputs, lookUp, substitution);
    prompt[id] = { inputs, class_type: node.type, _meta: { title: node.title ?? def?.title ?? node.type } };
  }
  unlinkMissing(prompt);
  const wanted = options.targets === undefined ? prompt : branch(prompt, options.targets);
  return { prompt: wanted, findings, places, unknown };
}

/** Every node of every opened instance, inner ones in their instance's place. */
function* flatten(scope: Scope): Generator<{ scope: Scope; key: NodeKey; node: NodeRecord }> {
  for (const key of scope.graph.nodes.ids) {
    const node = scope.graph.nodes.by[key];
    if (node === undefined) continue;
    const inner = scope.inner.get(key);
    if (inner === undefined) yield { scope, key, node };
    else yield* flatten(inner);
  }
}

function unknownClass(scope: Scope, node: NodeKey, record: NodeRecord): Finding {
  const { cnr_id, aux_id } = record.properties;
  const pack = [aux_id, cnr_id].find((name) => typeof name === "string") ?? "";
  const params = { type: record.type, ...(pack === "" ? {} : { pack: String(pack) }) };
  return { code: pack === "" ? "unknown-class" : "unknown-class-of", graph: scope.id, node, params };
}

function widgetInputs(
  scope: Scope,
  key: NodeKey,
  node: NodeRecord,
  def: NodeDef | undefined,
  report: (finding: Finding) => void,
): Record<string, Json> {
  const inputs: Record<string, Json> = {};
  if (def !== undefined) {
    const widgets = readWidgets(node, def);
    const open = new Set(def.inputs.filter(hasNothing).map((input) => input.name));
    for (const [name, value] of widgets.values) {
      if (value !== null || !open.has(name)) inputs[name] = wrapped(value);
    }
    for (const input of widgets.misfits) {
      const value = JSON.stringify(widgets.values.get(input) ?? null);
      report({
        code: "value-misfit",
        graph: scope.id,
        node: key,
        input,
        params: { type: node.type, input, value },
      });
    }
  } else if (isObject(node.values)) {
    for (const [name, value] of Object.entries(node.values)) inputs[name] = wrapped(value);
  }
  for (const [name, value] of scope.host?.overrides.get(key) ?? []) {
    if (Object.hasOwn(inputs, name)) inputs[name] = wrapped(value);
  }
  return inputs;
}

/** Whether there is nothing to choose from. Nothing chosen is then no value either. */
function hasNothing({ widget, choices }: InputDef): boolean {
  return widget === "COMBO" && choices.length === 0;
}

/** A list would be read as a link. */
function wrapped(value: Json): Json {
  return Array.isArray(value) ? { __value__: value } : value;
}

/**
 * What each linked input gets. Those that get nothing are not among them: a widget then keeps its value. An input
 * the file has no name for has that of its place.
 */
function* linkInputs(
  scope: Scope,
  key: NodeKey,
  node: NodeRecord,
  def: NodeDef | undefined,
  resolver: Resolver,
): Generator<[string, Exclude<Answer, { kind: "nothing" }>]> {
  const slots = new Map((node.inputs ?? []).map((slot, index) => [slot.name, { slot, index }]));
  for (const written of new Set([...slots.keys(), ...linkIndex(scope.graph).into(key).keys()])) {
    const link = linkInto(scope, key, written);
    if (link === undefined) continue;
    const found = slots.get(written);
    const name = written || (countedInputs(node, def, false)[found?.index ?? -1]?.name ?? "");
    if (name === "") continue;
    const input = def?.inputs.find((candidate) => candidate.name === name);
    const isWidget = (input !== undefined && hasPlace(input)) || isObject(found?.slot.rest["widget"]);
    const answer = resolver.resolve(scope, link, input?.type ?? typeName(found?.slot.type));
    if (answer.kind === "nothing") continue;
    // A primitive sets widgets; a plain socket gets nothing from it.
    if (answer.kind === "output" || answer.primitive === null || isWidget) yield [name, answer];
  }
}

const REPLACES = "Run widget replace on values";

function linkedValue(
  { value, primitive }: Extract<Answer, { kind: "value" }>,
  lookUp: LookUp,
  substitution: Substitution | undefined,
): Json {
  const isReplaced = typeof value === "string" && primitive?.node.properties[REPLACES] === true;
  if (!isReplaced || substitution === undefined) return wrapped(value);
  return replaceTokens(value, primitive.scope, lookUp, substitution.now);
}

/** Widget values as they go into the prompt, linked ones included. */
function valuesBy(defs: Defs, resolver: Resolver): LookUp {
  const value: LookUp["value"] = (scope, key, widget) => {
    const node = scope.graph.nodes.by[key];
    const def = defs.get(node?.type ?? "");
    const input = def?.inputs.find(({ name }) => name === widget);
    if (node === undefined || def === undefined || input === undefined) return undefined;
    const link = linkInto(scope, key, widget);
    const answer = link && resolver.resolve(scope, link, input.type);
    if (answer?.kind === "value") return answer.value;
    return scope.host?.overrides.get(key)?.get(widget) ?? readWidgets(node, def).values.get(widget);
  };
  return { value, title: (type) => defs.get(type)?.title ?? type, names: new Map() };
}

/** The node an input is linked to, if it is a link. */
export function linkedTo(value: Json | undefined): string | null {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[1] !== "number") return null;
  return typeof value[0] === "string" ? value[0] : null;
}

/** What a muted node would have fed is absent, even where a widget holds a value. */
function unlinkMissing(prompt: ApiPrompt): void {
  for (const { inputs } of Object.values(prompt)) {
    for (const [name, value] of Object.entries(inputs)) {
      const origin = linkedTo(value);
      if (origin !== null && !Object.hasOwn(prompt, origin)) delete inputs[name];
    }
  }
}

function branch(prompt: ApiPrompt, targets: readonly string[]): ApiPrompt {
  const needed = new Set<string>();
  const open = targets.filter((id) => Object.hasOwn(prompt, id));
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    for (const value of Object.values(prompt[id]?.inputs ?? {})) {
      const origin = linkedTo(value);
      if (origin !== null) open.push(origin);
    }
  }
  return Object.fromEntries(Object.entries(prompt).filter(([id]) => needed.has(id)));
}

/** What can run although classes are missing: without these nodes and everything that depends on them. */
export function withoutUnknown({ prompt, unknown }: Conversion): ApiPrompt {
  const consumers = new Map<string, string[]>();
  for (const [id, { inputs }] of Object.entries(prompt)) {
    for (const value of Object.values(inputs)) {
      const origin = linkedTo(value);
      if (origin === null) continue;
      const known = consumers.get(origin);
      if (known === undefined) consumers.set(origin, [id]);
      else known.push(id);
    }
  }
  const gone = new Set<string>();
  const open = [...unknown];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (gone.has(id)) continue;
    gone.add(id);
    open.push(...(consumers.get(id) ?? []));
  }
  return Object.fromEntries(Object.entries(prompt).filter(([id]) => !gone.has(id)));
}
