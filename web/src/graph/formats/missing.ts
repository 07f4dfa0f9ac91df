/** What a workflow needs that this server has not: node classes and files. */
import type { Defs } from "../defs";
import { type Document, type GraphId, Mode, type NodeKey, type NodeRecord, ROOT } from "../document";
import { isObject, type Json } from "../json";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { readWidgets } from "../widgets";
import { list, object, text } from "./values";
import { behaviourOf } from "./virtual";

export interface NodePlace {
  readonly graph: GraphId;
  readonly node: NodeKey;
}

export interface MissingClass {
  readonly type: string;
  /** The pack's name in the node registry; `comfy-core` for what ComfyUI itself has. */
  readonly registryId: string | null;
  /** `owner/repository`, for packs the registry does not know. */
  readonly repository: string | null;
  /** Version or commit of the pack it was made with. */
  readonly version: string | null;
  readonly nodes: readonly NodePlace[];
}

export interface Download {
  readonly url: string;
  readonly directory: string | null;
  readonly hash: string | null;
  readonly hashType: string | null;
}

/** A choice that is not among the server's: a file that is not there, most often. */
export interface MissingChoice {
  readonly value: string;
  readonly type: string;
  readonly input: string;
  readonly download: Download | null;
  /** A file name among the choices that differs in its folder only. */
  readonly similar: string | null;
  readonly nodes: readonly NodePlace[];
}

export interface Missing {
  readonly classes: readonly MissingClass[];
  readonly choices: readonly MissingChoice[];
}

export function missing(document: Document, defs: Defs): Missing {
  const classes = new Map<string, MissingClass>();
  const choices = new Map<string, MissingChoice>();
  const shared = downloadsIn(document.graphs.by[ROOT]?.info["models"]);
  for (const graph of document.graphs.ids) {
    const nodes = document.graphs.by[graph]?.nodes;
    for (const key of nodes?.ids ?? []) {
      const node = nodes?.by[key];
      if (node === undefined || isHost(document, node.type)) continue;
      const place: NodePlace = { graph, node: key };
      if (defs.has(node.type)) addChoices(choices, document, defs, node, place, shared);
      else if (behaviourOf(node.type, defs, new Set()) === "runs") addClass(classes, node, place);
    }
  }
  return { classes: [...classes.values()], choices: [...choices.values()] };
}

function addClass(classes: Map<string, MissingClass>, node: NodeRecord, place: NodePlace): void {
  const known = classes.get(node.type);
  const { cnr_id, aux_id, ver } = node.properties;
  classes.set(node.type, {
    type: node.type,
    registryId: known?.registryId ?? text(cnr_id),
    repository: known?.repository ?? text(aux_id),
    version: known?.version ?? text(ver),
    nodes: [...(known?.nodes ?? []), place],
  });
}

/** Nodes that will not run, and widgets that are linked, need no file. */
function addChoices(
  choices: Map<string, MissingChoice>,
  document: Document,
  defs: Defs,
  node: NodeRecord,
  place: NodePlace,
  shared: ReadonlyMap<string, Download>,
): void {
  const def = defs.get(node.type);
  const graph = document.graphs.by[place.graph];
  if (def === undefined || graph === undefined || node.mode === Mode.MUTE || node.mode === Mode.BYPASS)
    return;
  const linked = linkIndex(graph).into(place.node);
  const own = downloadsIn(node.properties["models"]);
  const widgets = readWidgets(node, def);
  for (const input of def.inputs) {
    if (input.widget !== "COMBO" || linked.has(input.name) || isObject(input.options["remote"])) continue;
    const value = widgets.values.get(input.name);
    if (typeof value !== "string" || input.choices.includes(value)) continue;
    const key = [node.type, input.name, value].join("\n");
    const known = choices.get(key);
    choices.set(key, {
      value,
      type: node.type,
      input: input.name,
      download: known?.download ?? own.get(baseName(value)) ?? shared.get(baseName(value)) ?? null,
      similar: known?.similar ?? similarTo(value, input.choices),
      nodes: [...(known?.nodes ?? []), place],
    });
  }
}

function similarTo(value: string, choices: readonly Json[]): string | null {
  const wanted = baseName(value).toLowerCase();
  const found = choices.find(
    (choice) => typeof choice === "string" && baseName(choice).toLowerCase() === wanted,
  );
  return typeof found === "string" ? found : null;
}

function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

/** Where files can be had, by name. */
function downloadsIn(models: Json | undefined): Map<string, Download> {
  const found = new Map<string, Download>();
  for (const model of list(models).map(object)) {
    const [name, url] = [text(model["name"]), text(model["url"])];
    // A link in a file that anybody may have written: only what a browser may safely open.
    if (name === null || url === null || !/^https?:\/\//i.test(url)) continue;
    const hash = text(model["hash"]);
    found.set(baseName(name), {
      url,
      directory: text(model["directory"]),
      hash,
      hashType: text(model["hash_type"]),
    });
  }
  return found;
}
