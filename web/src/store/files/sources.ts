/** Workflows from wherever they come: files of the server, files of this computer, templates, runs. */
import { errorOf, unreachable } from "@/api/error";
import type { Defs } from "@/graph/defs";
import { type Finding, FormatError } from "@/graph/formats/finding";
import { fromApi } from "@/graph/formats/fromApi";
import { kindOf } from "@/graph/formats/kind";
import { parse } from "@/graph/formats/parse";
import { read } from "@/graph/formats/read";
import { isObject, type Json } from "@/graph/json";
import { loadDefs, useDefs } from "@/store/defs";
import type { FileStamp } from "@/store/persist/entries";
import type { Source } from "@/store/persist/workspace";
import { hashOf } from "./hash";

export interface FoundSource extends Source {
  readonly findings: readonly Finding[];
}

interface Named {
  readonly name?: string | null;
  readonly title?: string | null;
  readonly isSaved?: boolean;
}

/** The text of a workflow file, of whichever kind it is. */
export async function textSource(text: string, named: Named = {}): Promise<FoundSource> {
  const { value, findings } = parse(text);
  const found = await valueSource(value, named);
  return { ...found, findings: [...findings, ...found.findings] };
}

/** The content of a file of this computer: text, or media with a workflow inside. */
export async function contentSource(
  content: string | Uint8Array,
  title: string | null,
): Promise<FoundSource> {
  if (typeof content === "string") return textSource(content, { title });
  return textSource(new TextDecoder().decode(content), { title });
}

export async function valueSource(value: Json, named: Named = {}): Promise<FoundSource> {
  const kind = kindOf(value);
  if (kind === "empty") throw new FormatError("empty");
  if (kind === "templates" || kind === "unknown" || !isObject(value)) throw new FormatError("not-a-workflow");
  const defs = await knownDefs();
  const { document, findings } = kind === "prompt" ? fromApi(value, defs) : read(value, defs);
  const { name = null, title = null, isSaved = false } = named;
  return { document, findings, name, title, file: null, isSaved };
}

/** A file's own name without its folders and its ending. */
export function titleOf(fileName: string): string {
  const last = fileName.split(/[\\/]/).at(-1) ?? "";
  return last.replace(/\.[^.]+$/, "");
}

export async function fileSource(name: string, text: string): Promise<FoundSource> {
  const file: FileStamp = { hash: hashOf(text) };
  return { ...(await textSource(text, { name, isSaved: true })), file };
}

export async function templateSource(name: string): Promise<FoundSource> {
  const value = await answer(`api/v1/templates/${encodeURIComponent(name)}`);
  const workflow = isObject(value) && isObject(value["workflow"]) ? value["workflow"] : value;
  const title = isObject(value) && typeof value["title"] === "string" ? value["title"] : name;
  return valueSource(workflow, { title, isSaved: true });
}

/** The graph of a run as it was: the workflow it was made from, or else the prompt, laid out. */
export async function runSource(id: string, title: string): Promise<FoundSource> {
  const run = await answer(`api/v1/runs/${encodeURIComponent(id)}`);
  if (!isObject(run)) throw new FormatError("no-workflow-inside");
  const found = run["workflow"] ?? run["graph"] ?? run["prompt"] ?? null;
  if (found === null) throw new FormatError("no-workflow-inside");
  return valueSource(found, { title, isSaved: true });
}

async function answer(path: string): Promise<Json> {
  const response = await fetch(path).catch((error: unknown) => {
    throw unreachable(error);
  });
  const text = await response.text();
  if (!response.ok) throw errorOf(response.status, text);
  return parse(text).value;
}

/** The node classes; those of a server that cannot be reached are none. */
export async function knownDefs(): Promise<Defs> {
  if (useDefs.getState().status !== "ready") await loadDefs();
  return useDefs.getState().defs;
}
