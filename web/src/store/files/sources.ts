/** Workflows from wherever they come: files of the server, files of this computer, templates, runs. */
import { errorOf, unreachable } from "@/api/error";
import type { Defs } from "@/graph/defs";
import { type Finding, FormatError } from "@/graph/formats/finding";
import { openJson, open as openWhatever } from "@/graph/formats/open";
import { parse } from "@/graph/formats/parse";
import { isObject, type Json } from "@/graph/json";
import { loadDefs, useDefs } from "@/store/defs";
import type { Source } from "@/store/persist/workspace";
import { hashOf } from "./hash";

export interface FoundSource extends Source {
  readonly findings: readonly Finding[];
}

/** A file of the server. */
export async function fileSource(name: string, text: string): Promise<FoundSource> {
  const opened = await openWhatever(text, await knownDefs());
  return { ...opened, name, title: null, home: { kind: "file", hash: hashOf(text) }, isSaved: true };
}

/** A file of this computer: text, or media with a workflow inside. It is in no file of the server yet. */
export async function contentSource(
  content: string | Uint8Array,
  title: string | null,
): Promise<FoundSource> {
  const opened = await openWhatever(content, await knownDefs());
  const hasOriginal = typeof content !== "string";
  return { ...opened, name: null, title, home: null, isSaved: false, hasOriginal };
}

export async function templateSource(name: string): Promise<FoundSource> {
  const answer = await ask(`api/v1/templates/${encodeURIComponent(name)}`);
  const inner = isObject(answer) ? answer["workflow"] : undefined;
  const workflow = isObject(inner) ? inner : answer;
  const title = isObject(answer) && typeof answer["title"] === "string" ? answer["title"] : name;
  return found(workflow, title);
}

/** A graph of the server in API format, laid out. */
export async function exampleSource(path: string, title: string): Promise<FoundSource> {
  return found(await ask(path), title);
}

/** The graph of a run as it was: the workflow it was made from, or else the prompt, laid out. */
export async function runSource(id: string, title: string): Promise<FoundSource> {
  const run = await ask(`api/v1/runs/${encodeURIComponent(id)}`);
  const value = isObject(run) ? (run["workflow"] ?? run["prompt"] ?? null) : null;
  if (value === null) throw new FormatError("no-workflow-inside", { format: "run" });
  return found(value, title);
}

/** What the server keeps anyway is nothing to be saved. */
async function found(value: Json, title: string): Promise<FoundSource> {
  return { ...openJson(value, await knownDefs()), name: null, title, home: null, isSaved: true };
}

/** A file's own name without its folders and its ending. */
export function titleOf(fileName: string): string {
  const last = fileName.split(/[\\/]/).at(-1) ?? "";
  return last.replace(/\.[^.]+$/, "");
}

async function ask(path: string): Promise<Json> {
  const response = await fetch(path).catch((error: unknown) => {
    throw unreachable(error);
  });
  const text = await response.text();
  if (!response.ok) throw errorOf(response.status, text);
  return parse(text).value;
}

/** The node classes, once they are here; those of a server that cannot be reached are none. */
export async function knownDefs(): Promise<Defs> {
  await new Promise<void>((resolve) => {
    const isHere = () => useDefs.getState().status !== "loading";
    if (isHere()) return resolve();
    const stop = useDefs.subscribe(() => {
      if (!isHere()) return;
      stop();
      resolve();
    });
  });
  if (useDefs.getState().status === "failed") await loadDefs();
  return useDefs.getState().defs;
}
