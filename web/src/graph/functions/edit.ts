/** Changing what a workflow declares, from what a person points at. */
import type { Defs, InputDef } from "../defs";
import { type NodeKey, ROOT } from "../document";
import { defOf } from "../hosts";
import { linkIndex } from "../links";
import { socketsOf } from "../sockets";
import { ANY } from "../types";
import { sourceOf, targetsOf, type Where } from "./bindings";
import type { FunctionInput, FunctionOutput, Source, Target, WorkflowFunction } from "./declaration";
import { nameFor } from "./naming";

/** Declare the widget or socket as an input, or take it out again. The same declaration if it leads to nothing. */
export function toggleInput(
  declared: WorkflowFunction,
  where: Where,
  node: NodeKey,
  input: string,
): WorkflowFunction {
  const targets = targetsOf(where, node, input);
  if (targets.length === 0) return declared;
  const bound = declared.inputs.filter((one) => one.targets.some((target) => includes(targets, target)));
  if (bound.length > 0) return { ...declared, inputs: declared.inputs.filter((one) => !bound.includes(one)) };
  return { ...declared, inputs: [...declared.inputs, newInput(declared, where, node, input, targets)] };
}

/** Declare what comes out there as an output, or take it out again. */
export function toggleOutput(
  declared: WorkflowFunction,
  where: Where,
  node: NodeKey,
  slot: number,
): WorkflowFunction {
  const source = sourceOf(where, node, slot);
  if (source === null) return declared;
  const others = declared.outputs.filter((one) => !sameSource(one.source, source));
  if (others.length < declared.outputs.length) return { ...declared, outputs: others };
  return { ...declared, outputs: [...others, newOutput(declared, where, node, slot, source)] };
}

/** What a node that saves or shows things takes them from, for people who point at the node itself. */
export function shownOutput(
  { document, defs, graph }: Where,
  node: NodeKey,
): { node: NodeKey; slot: number } | null {
  const shown = document.graphs.by[graph];
  const record = shown?.nodes.by[node];
  if (shown === undefined || record === undefined || defs.get(record.type)?.isOutput !== true) return null;
  const links = linkIndex(shown).into(node);
  const first = socketsOf(record, defs.get(record.type)).inputs.find(
    (one) => !one.isWidget && links.has(one.name),
  );
  const link = first && links.get(first.name);
  return link === undefined ? null : { node: link.from, slot: link.fromSlot };
}

export function changeInput(
  declared: WorkflowFunction,
  at: number,
  to: Changes<FunctionInput>,
): WorkflowFunction {
  return {
    ...declared,
    inputs: declared.inputs.map((one, index) => (index === at ? changed(one, to) : one)),
  };
}

export function changeOutput(
  declared: WorkflowFunction,
  at: number,
  to: Changes<FunctionOutput>,
): WorkflowFunction {
  return {
    ...declared,
    outputs: declared.outputs.map((one, index) => (index === at ? changed(one, to) : one)),
  };
}

/** The list with one entry elsewhere. */
export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const entry = list[from];
  if (entry === undefined || to < 0 || to >= list.length || from === to) return list;
  return list.toSpliced(from, 1).toSpliced(to, 0, entry);
}

/** Undefined takes a key out. */
export type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined };

function changed<T extends object>(entry: T, to: Changes<T>): T {
  const merged = Object.entries({ ...entry, ...to }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(merged) as T;
}

function newInput(
  declared: WorkflowFunction,
  where: Where,
  node: NodeKey,
  input: string,
  targets: readonly Target[],
): FunctionInput {
  const [first] = targets;
  const def = first && targetDef(where, first);
  const name = nameFor({ name: input, ...around(where, node) }, names(declared.inputs));
  return {
    name,
    type: def === undefined ? ANY : (def.widget ?? def.type),
    targets,
    ...(def?.options["multiline"] === true ? { multiline: true } : {}),
  };
}

function newOutput(
  declared: WorkflowFunction,
  where: Where,
  node: NodeKey,
  slot: number,
  source: Source,
): FunctionOutput {
  const record = where.document.graphs.by[where.graph]?.nodes.by[node];
  const output = record && socketsOf(record, defOf(where.document, where.defs, record)).outputs[slot];
  const name = nameFor({ name: output?.name ?? "output", ...around(where, node) }, names(declared.outputs));
  return { name, type: output?.type ?? ANY, source };
}

/** The definition of the input a target names. */
export function targetDef({ document, defs }: Where, { node, input }: Target): InputDef | undefined {
  const path = node.split(":");
  const key = path.pop() ?? "";
  let graph = ROOT;
  for (const host of path) graph = document.graphs.by[graph]?.nodes.by[host]?.type ?? "";
  const record = document.graphs.by[graph]?.nodes.by[key];
  return record && defOf(document, defs, record)?.inputs.find((one) => one.name === input);
}

function around(
  { document, graph, defs }: Where,
  node: NodeKey,
): { title: string | null; feeds: string | null } {
  const shown = document.graphs.by[graph];
  const record = shown?.nodes.by[node];
  if (shown === undefined || record === undefined) return { title: null, feeds: null };
  const isTitled = record.title !== null && record.title !== titleOf(defs, record.type);
  return { title: isTitled ? record.title : null, feeds: linkIndex(shown).outOf(node)[0]?.toInput ?? null };
}

function titleOf(defs: Defs, type: string): string {
  return defs.get(type)?.title ?? type;
}

function names(entries: readonly { readonly name: string }[]): string[] {
  return entries.map((one) => one.name);
}

function includes(targets: readonly Target[], { node, input }: Target): boolean {
  return targets.some((one) => one.node === node && one.input === input);
}

function sameSource(one: Source, other: Source): boolean {
  return one.node === other.node && one.slot === other.slot;
}
