/** A workflow file of ComfyUI's canvas, version 0.4 or 1, as a document. */
import type { Defs } from "../defs";
import { type Document, type Graph, type GraphId, type GroupRecord, ROOT } from "../document";
import { isObject, type Json, type JsonObject, without } from "../json";
import { tableOf } from "../table";
import { type Finding, FormatError } from "./finding";
import { FORM, formOf } from "./form";
import { convertGroupNodes } from "./groupNodes";
import { parse } from "./parse";
import { withForms } from "./readForms";
import { readLinks } from "./readLinks";
import { readNodes } from "./readNodes";
import { list, numbers, object, text } from "./values";
import { bareDefinition, bareRoot } from "./write";

export interface ReadResult {
  readonly document: Document;
  /** What was repaired, and what could not be. */
  readonly findings: readonly Finding[];
}

/** `defs` are needed only to tell apart the values of group nodes. */
export function read(file: string | JsonObject, defs?: Defs): ReadResult {
  const { value, findings } = typeof file === "string" ? parse(file) : { value: file, findings: [] };
  if (!isObject(value) || !Array.isArray(value["nodes"])) throw new FormatError("not-a-workflow");
  const found = [...findings];
  const groupNodes = new Set(Object.keys(object(object(value["extra"])["groupNodes"])));
  const definitions = [...definitionsOf(value)].map(([id, raw]): [GraphId, Graph] => [
    id,
    readGraph(id, raw, "object", groupNodes, found),
  ]);
  const root = readGraph(ROOT, value, value["version"] === 1 ? "object" : "list", groupNodes, found);
  // How the file was written is kept before anything becomes something else.
  const opened = remembering({ graphs: tableOf([[ROOT, root], ...definitions]) }, value);
  const { document, findings: converted } = convertGroupNodes(opened, defs);
  return { document, findings: [...found, ...converted] };
}

/** Every definition under its id, those kept inside of others too. The first of an id counts. */
function definitionsOf(raw: JsonObject): Map<GraphId, JsonObject> {
  const found = new Map<GraphId, JsonObject>();
  const open = [...subgraphs(raw)];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const id = text(next["id"]);
    if (id !== null && id !== ROOT && !found.has(id)) found.set(id, next);
    open.push(...subgraphs(next));
  }
  return found;
}

function subgraphs(raw: JsonObject): JsonObject[] {
  return list(object(raw["definitions"])["subgraphs"]).filter(isObject);
}

function readGraph(
  id: GraphId,
  raw: JsonObject,
  form: "list" | "object",
  groupNodes: ReadonlySet<string>,
  findings: Finding[],
): Graph {
  const report = (finding: Omit<Finding, "graph">) => findings.push({ ...finding, graph: id });
  const nodes = readNodes(list(raw["nodes"]), report, groupNodes);
  const links = readLinks(list(raw["links"]), nodes, list(raw["outputs"]), report);
  const groups = list(raw["groups"]).filter(isObject);
  const info = without(raw, "nodes", "links", "groups", "definitions");
  const others = without(object(raw["definitions"]), "subgraphs");
  const graph: Graph = {
    nodes: tableOf(nodes.map(({ key, record }) => [key, record])),
    links: tableOf(links.map(({ record }) => [String(record.id), record])),
    groups: tableOf(groups.map((group, index) => [String(index + 1), readGroup(group)])),
    info: Object.keys(others).length === 0 ? info : { ...info, definitions: others },
  };
  return withForms(graph, nodes, links, groups, form);
}

function readGroup(raw: JsonObject): GroupRecord {
  const [x = 0, y = 0, width = 140, height = 80] = numbers(raw["bounding"], 4) ?? [];
  return {
    title: text(raw["title"]) ?? "",
    bounding: [x, y, width, height],
    color: text(raw["color"]),
    rest: without(raw, "title", "bounding", "color"),
  };
}

/** Lists that were repaired element by element are written repaired; kept is how an empty one was written, or one with gaps. */
const LISTS = ["nodes", "links", "groups", "definitions"];

/** The document with the forms of its root object and its definitions. */
function remembering(document: Document, raw: JsonObject): Document {
  const definitions = definitionsOf(raw);
  const graphs = document.graphs.ids.flatMap((id): [GraphId, Graph][] => {
    const graph = document.graphs.by[id];
    const theirs = id === ROOT ? raw : definitions.get(id);
    if (graph === undefined) return [];
    if (theirs === undefined) return [[id, graph]];
    const ours = id === ROOT ? bareRoot(document) : bareDefinition(graph, id);
    const repaired = LISTS.filter((key) => !isEmpty(theirs[key]) && !hasGaps(theirs[key]));
    const form = formOf(theirs, ours, repaired);
    if (form === null) return [[id, graph]];
    const known = object(graph.info[FORM]);
    return [[id, { ...graph, info: { ...graph.info, [FORM]: { ...known, file: form } } }]];
  });
  return { graphs: tableOf(graphs) };
}

/** Old clients left nulls in the list of links. */
function hasGaps(value: Json | undefined): boolean {
  return list(value).includes(null);
}

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}
