/** Keeps with each record how the file wrote it, so that it can be written that way again (see `form.ts`). */
import type { Graph, GroupRecord, LinkRecord, NodeRecord, Slot } from "../document";
import { isObject, type Json, type JsonObject } from "../json";
import { type LinkIndex, linkIndex } from "../links";
import { tableOf } from "../table";
import { FORM, formOf, remember } from "./form";
import { orders } from "./order";
import type { ReadLink } from "./readLinks";
import type { ReadNode } from "./readNodes";
import {
  bareGroup,
  bareLink,
  bareNode,
  idsFrom,
  inputJson,
  type LinkForm,
  linkId,
  outputJson,
} from "./record";
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
  const isKept = ({ raw, record }: ReadLink) => isSameLink(raw, bareLink(record, ends(record), form));
  const mended = new Set(links.filter((link) => !isKept(link)).map(({ record }) => record.id));
  const stays = ({ raw, record }: ReadLink): LinkRecord => {
    if (mended.has(record.id)) return record;
    return { ...record, rest: remember(record.rest, formOf(raw, bareLink(record, ends(record), form))) };
  };
  return {
    nodes: tableOf(nodes.map(({ key, raw, record }) => [key, withNodeForm(record, key, raw, index, mended)])),
    links: tableOf(links.map((link) => [String(link.record.id), stays(link)])),
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
    String(id) === String(ourId)
  );
}

function named(link: Json): readonly (Json | undefined)[] {
  if (isObject(link)) return [link["id"], link["origin_id"], link["target_id"]];
  const [id, origin, , target] = list(link);
  return [id, origin, target];
}

function withNodeForm(
  node: NodeRecord,
  key: string,
  raw: JsonObject,
  links: LinkIndex,
  mended: ReadonlySet<number>,
): NodeRecord {
  const into = links.into(key);
  const out = links.outOf(key);
  const inputs = withSlotForms(node.inputs, raw["inputs"], mended, (slot) =>
    inputJson(slot, linkId(into.get(slot.name))),
  );
  const outputs = withSlotForms(node.outputs, raw["outputs"], mended, (slot, index) =>
    outputJson(slot, idsFrom(out, index)),
  );
  const known = { ...node, inputs, outputs };
  const order = typeof raw["order"] === "number" ? raw["order"] : undefined;
  // What is to be kept of the sockets is kept with each.
  const elsewhere = ["id", ...["inputs", "outputs"].filter((side) => Array.isArray(raw[side]))];
  return { ...known, rest: remember(node.rest, formOf(raw, bareNode(known, key, links, order), elsewhere)) };
}

function withSlotForms(
  slots: readonly Slot[] | null,
  raws: Json | undefined,
  mended: ReadonlySet<number>,
  json: (slot: Slot, index: number) => JsonObject,
): readonly Slot[] | null {
  if (slots === null) return null;
  return slots.map((slot, index) => {
    const theirs = object(list(raws)[index]);
    const ours = json(slot, index);
    const form = formOf(theirs, ours, mendedLinks(theirs, ours, mended));
    return form === null ? slot : { ...slot, rest: remember(slot.rest, form) };
  });
}

/** Ids of links that are no more, or that were given anew, are not written again. */
function mendedLinks(theirs: JsonObject, ours: JsonObject, mended: ReadonlySet<number>): string[] {
  const link = number(theirs["link"]);
  const isMended = link !== null && link !== ours["link"];
  const hasMended = list(ours["links"]).some((id) => mended.has(number(id) ?? 0));
  return [...(isMended ? ["link"] : []), ...(hasMended ? ["links"] : [])];
}

function withGroupForm(group: GroupRecord | undefined, raw: JsonObject): GroupRecord {
  if (group === undefined) throw new Error("a group was read without a record");
  return { ...group, rest: remember(group.rest, formOf(raw, bareGroup(group))) };
}
