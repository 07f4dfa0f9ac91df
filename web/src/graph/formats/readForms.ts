/** Keeps with each record how the file wrote it, so that it can be written that way again (see `form.ts`). */
import type { Graph, GroupRecord, LinkRecord, NodeRecord, Slot } from "../document";
import { isObject, type Json, type JsonObject } from "../json";
import { type LinkIndex, linkIndex } from "../links";
import { tableOf } from "../table";
import { FORM, formOf, remember } from "./form";
import { orders } from "./order";
import type { ReadLink } from "./readLinks";
import type { ReadNode } from "./readNodes";
import { bareGroup, bareLink, bareNode, idsFrom, inputJson, type LinkForm, outputJson } from "./record";
import { list, number, object } from "./values";
import { endsOf } from "./write";

export function withForms(
  graph: Graph,
  nodes: readonly ReadNode[],
  links: readonly ReadLink[],
  groups: readonly JsonObject[],
  form: LinkForm,
): Graph {
  const index = linkIndex(graph);
  const order = orders(graph);
  const stated = nodes.map(({ raw }) => raw["order"]);
  const isOrdered = nodes.every(({ key }, index) => stated[index] === order.get(key));
  const ends = endsOf(graph);
  const stays = (record: LinkRecord, raw: Json) => {
    const ours = bareLink(record, ends(record), form);
    return isSameLink(raw, ours) ? remember(record.rest, formOf(raw, ours)) : record.rest;
  };
  return {
    nodes: tableOf(nodes.map(({ key, raw, record }) => [key, withNodeForm(record, key, raw, index)])),
    links: tableOf(
      links.map(({ raw, record }) => [String(record.id), { ...record, rest: stays(record, raw) }]),
    ),
    groups: tableOf(
      graph.groups.ids.map((id, index) => [id, withGroupForm(graph.groups.by[id], groups[index] ?? {})]),
    ),
    info: isOrdered ? graph.info : { ...graph.info, [FORM]: { order: [...order.values()].join(" ") } },
  };
}

/** A link that was mended, or that stands twice in the file, is written as it now is. */
function isSameLink(theirs: Json, ours: Json): boolean {
  const [id, origin, target] = named(theirs);
  const [ourId, ourOrigin, ourTarget] = named(ours);
  return (
    String(origin) === String(ourOrigin) &&
    String(target) === String(ourTarget) &&
    (number(id) ?? ourId) === ourId
  );
}

function named(link: Json): readonly (Json | undefined)[] {
  if (isObject(link)) return [link["id"], link["origin_id"], link["target_id"]];
  const [id, origin, , target] = list(link);
  return [id, origin, target];
}

function withNodeForm(node: NodeRecord, key: string, raw: JsonObject, links: LinkIndex): NodeRecord {
  const into = links.into(key);
  const out = links.outOf(key);
  const inputs = withSlotForms(node.inputs, raw["inputs"], (slot) =>
    inputJson(slot, into.get(slot.name)?.id ?? null),
  );
  const outputs = withSlotForms(node.outputs, raw["outputs"], (slot, index) =>
    outputJson(slot, idsFrom(out, index)),
  );
  const known = { ...node, inputs, outputs };
  const order = typeof raw["order"] === "number" ? raw["order"] : undefined;
  return { ...known, rest: remember(node.rest, formOf(raw, bareNode(known, key, links, order), ["id"])) };
}

function withSlotForms(
  slots: readonly Slot[] | null,
  raws: Json | undefined,
  json: (slot: Slot, index: number) => JsonObject,
): readonly Slot[] | null {
  if (slots === null) return null;
  return slots.map((slot, index) => {
    const form = formOf(object(list(raws)[index]), json(slot, index));
    return form === null ? slot : { ...slot, rest: remember(slot.rest, form) };
  });
}

function withGroupForm(group: GroupRecord | undefined, raw: JsonObject): GroupRecord {
  if (group === undefined) throw new Error("a group was read without a record");
  return { ...group, rest: remember(group.rest, formOf(raw, bareGroup(group))) };
}
