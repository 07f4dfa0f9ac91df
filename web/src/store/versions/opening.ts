/** Opening workflows of the store. */
import { ApiError } from "@/api/error";
import type { Document } from "@/graph/document";
import { openJson } from "@/graph/formats/open";
import { isObject, type JsonObject } from "@/graph/json";
import { attempt } from "@/store/files/attempt";
import { type FoundSource, knownDefs } from "@/store/files/sources";
import { workflowNameTrouble } from "./names";
import { readVersion, readWorkflow } from "./server";
import type { VersionRecord, WorkflowRecord } from "./types";

export const MAIN = "main";

/** Null if the server keeps no workflow of that name, or cannot read those it has: files can be opened still. */
export async function findWorkflow(name: string): Promise<WorkflowRecord | null> {
  if (workflowNameTrouble(name) !== "") return null;
  try {
    return await readWorkflow(name);
  } catch (error) {
    const isNone = error instanceof ApiError && (error.status === 404 || error.code === "workflows_unusable");
    if (isNone) return null;
    throw error;
  }
}

/**
 * A version in a tab of its own. Saving adds to the branch `ref` names or that ends with the version; from an older
 * version it begins a branch.
 */
export function openWorkflow(name: string, ref: string = MAIN): Promise<boolean> {
  return attempt(name, () => versionSource(name, ref));
}

export async function versionSource(name: string, ref: string): Promise<FoundSource> {
  const record = await readVersion(name, ref);
  const opened = await readContent(record);
  const { id: version, number } = record;
  const home = { kind: "version", branch: branchOf(record, ref), version, number } as const;
  return { ...opened, name: record.workflow, title: null, home, isSaved: true };
}

function branchOf({ branches, number }: VersionRecord, ref: string): string {
  return [ref, MAIN].find((branch) => branches.includes(branch)) ?? branches[0] ?? `from-${number}`;
}

async function readContent(record: VersionRecord) {
  const document = record.document as JsonObject;
  // Imported from a program: the prompt alone, to be laid out.
  const inner =
    document["nodes"] === undefined && isObject(document["prompt"]) ? document["prompt"] : document;
  return openJson(inner, await knownDefs());
}

/** What a version holds, as the canvas shows it. Versions never change, so each is fetched once. */
export async function documentOf(name: string, id: string): Promise<Document> {
  const known = FETCHED.get(id);
  if (known !== undefined) return known;
  const { document } = await readContent(await readVersion(name, id));
  FETCHED.set(id, document);
  if (FETCHED.size > KEPT) FETCHED.delete(FETCHED.keys().next().value ?? "");
  return document;
}
const FETCHED = new Map<string, Document>();
const KEPT = 30;
