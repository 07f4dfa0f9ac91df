/** One record as JSON: our way of writing it, put into the form its file had. */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type GroupRecord,
  type LinkRecord,
  type NodeRecord,
  type Slot,
} from "../document";
import { isObject, type Json, type JsonObject } from "../json";
import type { LinkIndex } from "../links";
import { FORM, inForm, plain } from "./form";

/** Root objects of version 0.4 hold links as lists; version 1 and subgraph definitions as objects. */
export type LinkForm = "list" | "object";

export function inputJson(slot: Slot, link: number | string | null): JsonObject {
  const ours = { name: slot.name, type: slot.type, ...plain(slot.rest), link };
  return inForm(ours, slot.rest[FORM]);
}

export function outputJson(slot: Slot, links: readonly (number | string)[]): JsonObject {
  const ours = { name: slot.name, type: slot.type, ...plain(slot.rest), links: [...links] };
  return inForm(ours, slot.rest[FORM]);
}

/** The node without the form of its file, its sockets with theirs. */
export function bareNode(
  node: NodeRecord,
  key: string,
  links: LinkIndex,
  order: number | undefined,
): JsonObject {
  const { order: _, ...rest } = plain(node.rest);
  const into = links.into(key);
  const out = links.outOf(key);
  return {
    id: node.id,
    type: node.type,
    pos: [...node.pos],
    size: [...node.size],
    flags: node.flags,
    ...(order === undefined ? {} : { order }),
    mode: node.mode,
    inputs: (node.inputs ?? []).map((slot) => inputJson(slot, linkId(into.get(slot.name)))),
    outputs: (node.outputs ?? []).map((slot, index) => outputJson(slot, idsFrom(out, index))),
    ...(node.title === null ? {} : { title: node.title }),
    properties: node.properties,
    ...(node.values === null ? {} : { widgets_values: node.values }),
    ...(node.color === null ? {} : { color: node.color }),
    ...(node.bgcolor === null ? {} : { bgcolor: node.bgcolor }),
    ...rest,
  };
}

/** Links of one of a node's outputs. */
export function idsFrom(links: readonly LinkRecord[], output: number): (number | string)[] {
  return links.filter((link) => link.fromSlot === output).map((link) => linkId(link));
}

/** What the link is called in the file. A copy of it has the number only. */
export function linkId(link: LinkRecord): number | string;
export function linkId(link: LinkRecord | undefined): number | string | null;
export function linkId(link: LinkRecord | undefined): number | string | null {
  if (link === undefined) return null;
  const form = link.rest[FORM];
  const isNamed = isObject(form) && form["of"] === link.id && typeof form["name"] === "string";
  return isNamed ? String(form["name"]) : link.id;
}

export function nodeJson(
  node: NodeRecord,
  key: string,
  links: LinkIndex,
  order: number | undefined,
): JsonObject {
  return inForm(bareNode(node, key, links, order), node.rest[FORM]);
}

export interface LinkEnds {
  readonly origin: number | string;
  readonly target: number | string;
  readonly targetSlot: number;
}

export function bareLink(link: LinkRecord, ends: LinkEnds, form: LinkForm): Json {
  const { origin, target, targetSlot } = ends;
  if (form === "list") return [linkId(link), origin, link.fromSlot, target, targetSlot, link.type];
  return {
    id: linkId(link),
    origin_id: origin,
    origin_slot: link.fromSlot,
    target_id: target,
    target_slot: targetSlot,
    type: link.type,
    ...plain(link.rest),
  };
}

export function groupJson(group: GroupRecord): JsonObject {
  const ours = bareGroup(group);
  return inForm(ours, group.rest[FORM]);
}

export function bareGroup(group: GroupRecord): JsonObject {
  return {
    title: group.title,
    bounding: [...group.bounding],
    ...(group.color === null ? {} : { color: group.color }),
    ...plain(group.rest),
  };
}

/** The id as files write it. */
export function idOf(key: string, nodes: Readonly<Record<string, NodeRecord>>): number | string {
  if (key === BOUNDARY_IN || key === BOUNDARY_OUT) return Number(key);
  return nodes[key]?.id ?? key;
}
