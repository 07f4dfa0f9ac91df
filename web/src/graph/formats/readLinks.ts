/** Links out of a file. What the inputs of the nodes say counts; the list of links only tells where they come from. */
import { BOUNDARY_IN, BOUNDARY_OUT, type LinkRecord, type NodeKey } from "../document";
import { isObject, type Json, type JsonObject, without } from "../json";
import type { Finding } from "./finding";
import { FORM } from "./form";
import type { ReadNode } from "./readNodes";
import { list, number, object, text } from "./values";

export interface ReadLink {
  readonly raw: Json;
  readonly record: LinkRecord;
}

/** A row of the file's list, in either form. */
interface Row {
  readonly id: number;
  readonly origin: NodeKey;
  readonly originSlot: number;
  readonly target: NodeKey;
  readonly targetSlot: number;
  readonly type: Json;
  readonly rest: JsonObject;
  readonly raw: Json;
}

interface End {
  readonly to: NodeKey;
  readonly toInput: string;
}

type Report = (finding: Omit<Finding, "graph">) => void;

export function readLinks(
  raws: readonly Json[],
  nodes: readonly ReadNode[],
  outputs: readonly Json[],
  report: Report,
): ReadLink[] {
  const rows = new Map<number, Row>();
  const ids = new LinkIds([...raws.map(idIn), ...nodes.flatMap(linksIn)]);
  for (const raw of raws) {
    const row = readRow(raw, ids);
    if (row !== null && !rows.has(row.id)) rows.set(row.id, row);
  }
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const ends = endsByInputs(nodes, rows, ids, report);
  const found: ReadLink[] = [];
  let last = Math.max(0, ...rows.keys());
  for (const row of rows.values()) {
    const claims = ends.get(row.id) ?? [];
    // No input claims what leads out of a subgraph, but by mistake.
    const isOut = row.target === BOUNDARY_OUT || claims.length === 0;
    const claimed = isOut ? [endByRow(row, byKey, outputs), ...claims] : claims;
    claimed.forEach((end, index) => {
      if (end === null || !(byKey.has(row.origin) || row.origin === BOUNDARY_IN)) {
        report({ code: "link-dropped", params: { link: row.id, from: row.origin, to: row.target } });
        return;
      }
      if (index > 0) {
        last += 1;
        report({
          code: "link-shared",
          node: end.to,
          input: end.toInput,
          params: { link: row.id, to: last, input: end.toInput },
        });
      }
      const id = index === 0 ? row.id : last;
      const { origin: from, originSlot: fromSlot, type, raw } = row;
      const rest = index === 0 ? withName(row) : row.rest;
      found.push({ raw, record: { id, from, fromSlot, ...end, type, rest } });
    });
  }
  return found;
}

/** Third-party tools name links by text: the name is for the file only, and for the link it was read with. */
function withName({ id, rest, raw }: Row): JsonObject {
  const name = text(idIn(raw));
  return name === null || number(name) !== null ? rest : { ...rest, [FORM]: { name, of: id } };
}

/** Which inputs each link ends at. More than one is a fault of the file; each then gets a link of its own. */
function endsByInputs(
  nodes: readonly ReadNode[],
  rows: ReadonlyMap<number, Row>,
  ids: LinkIds,
  report: Report,
): Map<number, End[]> {
  const ends = new Map<number, End[]>();
  for (const { key, raw, record } of nodes) {
    list(raw["inputs"]).forEach((slot, index) => {
      const link = ids.of(object(slot)["link"]);
      const input = record.inputs?.[index]?.name;
      if (link === null || input === undefined) return;
      if (rows.has(link)) ends.set(link, [...(ends.get(link) ?? []), { to: key, toInput: input }]);
      else report({ code: "link-missing", node: key, input, params: { link, input } });
    });
  }
  return ends;
}

/** Where a link ends that no input names: at the boundary, or at an input the file says nothing of. */
function endByRow(row: Row, nodes: ReadonlyMap<NodeKey, ReadNode>, outputs: readonly Json[]): End | null {
  if (row.target === BOUNDARY_OUT) {
    const name = text(object(outputs[row.targetSlot])["name"]);
    return name === null ? null : { to: BOUNDARY_OUT, toInput: name };
  }
  const node = nodes.get(row.target);
  const slot = object(list(node?.raw["inputs"])[row.targetSlot]);
  const input = node?.record.inputs?.[row.targetSlot]?.name;
  return node === undefined || input === undefined || "link" in slot
    ? null
    : { to: node.key, toInput: input };
}

function readRow(raw: Json, ids: LinkIds): Row | null {
  const [id, origin, originSlot, target, targetSlot, type] = Array.isArray(raw) ? raw : fields(raw);
  const numbered = ids.of(id);
  if (numbered === null || origin === undefined || target === undefined) return null;
  return {
    id: numbered,
    origin: String(origin),
    originSlot: number(originSlot) ?? 0,
    target: String(target),
    targetSlot: number(targetSlot) ?? 0,
    type: type ?? null,
    rest: isObject(raw) ? without(raw, ...FIELDS) : {},
    raw,
  };
}

/** Ids of links as numbers, also where third-party tools write names. */
class LinkIds {
  private readonly named = new Map<string, number>();
  private last: number;

  /** `known` are all ids in the file: one that nothing has may still be asked for. */
  constructor(known: readonly (Json | undefined)[]) {
    this.last = known.reduce<number>((last, id) => Math.max(last, number(id) ?? 0), 0);
  }

  of(id: Json | undefined): number | null {
    const numbered = number(id);
    if (numbered !== null || typeof id !== "string") return numbered;
    const known = this.named.get(id);
    if (known !== undefined) return known;
    this.last += 1;
    this.named.set(id, this.last);
    return this.last;
  }
}

function linksIn({ raw }: ReadNode): (Json | undefined)[] {
  return list(raw["inputs"]).map((slot) => object(slot)["link"]);
}

function idIn(raw: Json): Json | undefined {
  return Array.isArray(raw) ? raw[0] : object(raw)["id"];
}

const FIELDS = ["id", "origin_id", "origin_slot", "target_id", "target_slot", "type"];

function fields(raw: Json): (Json | undefined)[] {
  return isObject(raw) ? FIELDS.map((name) => raw[name]) : [];
}
