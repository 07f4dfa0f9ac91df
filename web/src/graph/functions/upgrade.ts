/** Nodes that are published workflows: `workflow/NAME@1.2.0`. What they are called, and changing to another release. */
import type { Draft } from "../change";
import type { Defs, NodeDef } from "../defs";
import type { GraphId, NodeKey, NodeRecord } from "../document";
import { following } from "../edit/follow";
import { remove } from "../edit/links";
import { freshNode } from "../edit/nodes";
import { same } from "../json";
import { linkIndex } from "../links";
import { compatible } from "../types";
import { places, readWidgets, writeControl, writeWidget } from "../widgets";

const PREFIX = "workflow/";

export interface Pinned {
  readonly name: string;
  readonly release: string;
}

/** The workflow and the release a class stands for; null for any other class. */
export function pinnedOf(type: string): Pinned | null {
  const at = type.lastIndexOf("@");
  if (!type.startsWith(PREFIX) || at <= PREFIX.length || at === type.length - 1) return null;
  return { name: type.slice(PREFIX.length, at), release: type.slice(at + 1) };
}

export function classOfRelease({ name, release }: Pinned): string {
  return `${PREFIX}${name}@${release}`;
}

/** By number: 1.10.0 is newer than 1.9.0. */
export function compareReleases(one: string, other: string): number {
  const [a, b] = [numbers(one), numbers(other)];
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function numbers(release: string): [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = release.split(".").map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
}

/** How the sockets and widgets of two releases differ. */
export interface InterfaceChange {
  readonly kind: "added" | "removed" | "type" | "default";
  readonly side: "input" | "output";
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export function interfaceChanges(before: NodeDef, after: NodeDef): InterfaceChange[] {
  return [
    ...compared("input", before.inputs, after.inputs),
    ...after.inputs.flatMap((input): InterfaceChange[] => {
      const old = before.inputs.find((one) => one.name === input.name && one.type === input.type);
      const [was, is] = [old?.options["default"], input.options["default"]];
      if (old === undefined || same(was, is)) return [];
      return [{ kind: "default", side: "input", name: input.name, before: written(was), after: written(is) }];
    }),
    ...compared("output", before.outputs, after.outputs),
  ];
}

interface Named {
  readonly name: string;
  readonly type: string;
}

function compared(
  side: "input" | "output",
  before: readonly Named[],
  after: readonly Named[],
): InterfaceChange[] {
  const found: InterfaceChange[] = [];
  for (const { name, type } of before) {
    const now = after.find((one) => one.name === name);
    if (now === undefined) found.push({ kind: "removed", side, name, before: type, after: "" });
    else if (now.type !== type) found.push({ kind: "type", side, name, before: type, after: now.type });
  }
  for (const { name, type } of after) {
    if (!before.some((one) => one.name === name))
      found.push({ kind: "added", side, name, before: "", after: type });
  }
  return found;
}

function written(value: unknown): string {
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * Make a node one of another class that has inputs and outputs of the same names: values and links stay where they
 * fit. `before` is the class it was, if that is known.
 */
export function changeClass(
  draft: Draft,
  defs: Defs,
  graph: GraphId,
  key: NodeKey,
  before: NodeDef | undefined,
  after: NodeDef,
): void {
  const node = draft.graph(graph).nodes.by[key];
  if (node === undefined) return;
  following(draft, defs, () => {
    const shape = freshNode(node.id, after, node.pos);
    const fresh: NodeRecord = {
      ...shape,
      size: [Math.max(node.size[0], shape.size[0]), Math.max(node.size[1], shape.size[1])],
      title: node.title,
      mode: node.mode,
      flags: node.flags,
      color: node.color,
      bgcolor: node.bgcolor,
      properties: { ...node.properties, "Node name for S&R": after.name },
      rest: node.rest,
    };
    draft.put(graph, "nodes", key, before === undefined ? fresh : withValues(fresh, node, before, after));
    keepLinks(draft, graph, key, node, before, after);
  });
}

/** What was set stays set; what was left at the old default takes the new one. */
function withValues(fresh: NodeRecord, old: NodeRecord, before: NodeDef, after: NodeDef): NodeRecord {
  const { values, controls } = readWidgets(old, before);
  let node = fresh;
  for (const { input, kind } of places(after)) {
    const was = before.inputs.find((one) => one.name === input.name);
    if (was === undefined || was.widget !== input.widget) continue;
    const [value, control] = [values.get(input.name), controls.get(input.name)];
    if (kind === "control" && control !== undefined) node = writeControl(node, after, input.name, control);
    const isSet = value !== undefined && !same(value, was.options["default"]);
    if (kind === "value" && isSet) node = writeWidget(node, after, input.name, value);
  }
  return node;
}

function keepLinks(
  draft: Draft,
  graph: GraphId,
  key: NodeKey,
  old: NodeRecord,
  before: NodeDef | undefined,
  after: NodeDef,
): void {
  const index = linkIndex(draft.graph(graph));
  const lost = index.allInto(key).filter((link) => {
    const input = after.inputs.find((one) => one.name === link.toInput);
    return input === undefined || !compatible(link.type, input.type);
  });
  for (const link of index.outOf(key)) {
    const name = before?.outputs[link.fromSlot]?.name ?? old.outputs?.[link.fromSlot]?.name;
    const slot = after.outputs.findIndex((one) => one.name === name && compatible(one.type, link.type));
    if (slot < 0) lost.push(link);
    else draft.put(graph, "links", String(link.id), { ...link, fromSlot: slot });
  }
  remove(draft, graph, lost);
}
