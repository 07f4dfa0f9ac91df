/** Node records out of a file, repaired where files are known to need it. */
import { Mode, type NodeKey, type NodeRecord, type Point, type Slot } from "../document";
import { isObject, type Json, type JsonObject, without } from "../json";
import type { Finding } from "./finding";
import { list, number, numbers, object, text } from "./values";

/** A record beside what the file says of it. */
export interface ReadNode {
  readonly key: NodeKey;
  readonly raw: JsonObject;
  readonly record: NodeRecord;
}

const RENAMED: Readonly<Record<string, string>> = {
  T2IAdapterLoader: "ControlNetLoader",
  "ConditioningAverage ": "ConditioningAverage",
  SDV_img2vid_Conditioning: "SVD_img2vid_Conditioning",
};
/** Classes whose sampler names once began with `sample_`. */
const SAMPLERS = new Set(["KSampler", "KSamplerAdvanced", "PrimitiveNode"]);
const DEFAULT_SIZE: Point = [210, 100];

/** What the class of a released workflow begins with, and once that of a group node did. */
const WORKFLOW = "workflow/";
const NO_GROUPS: ReadonlySet<string> = new Set();

/** `groups` names the group nodes of the file. */
export function readNodes(
  raws: readonly Json[],
  report: (finding: Omit<Finding, "graph">) => void,
  groups: ReadonlySet<string> = NO_GROUPS,
): ReadNode[] {
  const taken = new Set<NodeKey>();
  let last = Math.max(0, ...raws.map((raw) => number(object(raw)["id"]) ?? 0));
  return raws.flatMap((raw, index) => {
    if (!isObject(raw)) {
      report({ code: "not-a-node", params: { index } });
      return [];
    }
    let id = nodeId(raw["id"]);
    if (id === null || taken.has(String(id))) {
      last += 1;
      report({ code: "duplicate-node-id", node: String(last), params: { id: String(id), to: last } });
      id = last;
    }
    const key = String(id);
    taken.add(key);
    return [{ key, raw, record: readNode(raw, id, key, report, groups) }];
  });
}

function nodeId(value: Json | undefined): number | string | null {
  if (typeof value === "string" && value !== "") return value;
  return number(value);
}

const NAMED = [
  ...["id", "type", "pos", "size", "flags", "mode", "inputs", "outputs", "title"],
  ...["properties", "widgets_values", "color", "bgcolor"],
];

function readNode(
  raw: JsonObject,
  id: number | string,
  node: NodeKey,
  report: (finding: Omit<Finding, "graph">) => void,
  groups: ReadonlySet<string>,
): NodeRecord {
  const written = text(raw["type"]) ?? "";
  const type = className(written, groups);
  if (type !== written) report({ code: "renamed-class", node, params: { type: written, to: type } });
  return {
    id,
    type,
    pos: pair(raw["pos"], [0, 0]),
    size: pair(raw["size"], DEFAULT_SIZE),
    mode: number(raw["mode"]) ?? Mode.ALWAYS,
    title: text(raw["title"]),
    flags: object(raw["flags"]),
    color: text(raw["color"]),
    bgcolor: text(raw["bgcolor"]),
    inputs: isList(raw["inputs"]) ? readInputs(list(raw["inputs"]), node, report) : null,
    outputs: isList(raw["outputs"]) ? list(raw["outputs"]).map((slot) => readSlot(slot, "links")) : null,
    values: readValues(raw["widgets_values"], type),
    properties: object(raw["properties"]),
    rest: without(raw, ...NAMED),
  };
}

/** The name a class is known by today. Of `workflow/NAME` only a group node has another one. */
export function className(written: string, groups: ReadonlySet<string> = NO_GROUPS): string {
  if (written.startsWith(WORKFLOW)) {
    const name = written.slice(WORKFLOW.length);
    return groups.has(name) ? `workflow>${name}` : written;
  }
  return (RENAMED[written] ?? written).replace(/[&<>"'`=]/g, (sign) =>
    sign === ">" && written.startsWith("workflow>") ? sign : "",
  );
}

function readValues(values: Json | undefined, type: string): Json {
  if (!Array.isArray(values) || !SAMPLERS.has(type)) return values ?? null;
  return values.map((value) =>
    typeof value === "string" && value.startsWith("sample_") ? value.slice("sample_".length) : value,
  );
}

/** Links name inputs, so a second input of the same name is told apart by a number. */
function readInputs(
  raws: readonly Json[],
  node: NodeKey,
  report: (finding: Omit<Finding, "graph">) => void,
): Slot[] {
  const names = new Set<string>();
  return raws.map((raw) => {
    const slot = readSlot(raw, "link");
    let name = slot.name;
    for (let count = 2; names.has(name); count += 1) name = `${slot.name} ${count}`;
    names.add(name);
    if (name === slot.name) return slot;
    report({ code: "duplicate-input", node, input: name, params: { input: slot.name, to: name } });
    return { ...slot, name };
  });
}

function readSlot(raw: Json, link: "link" | "links"): Slot {
  const slot = object(raw);
  return {
    name: text(slot["name"]) ?? "",
    type: slot["type"] === undefined ? "*" : slot["type"],
    rest: without(slot, "name", "type", link),
  };
}

function pair(value: Json | undefined, otherwise: Point): Point {
  const found = numbers(value, 2);
  return found === null ? otherwise : [found[0] ?? 0, found[1] ?? 0];
}

function isList(value: Json | undefined): boolean {
  return Array.isArray(value);
}
