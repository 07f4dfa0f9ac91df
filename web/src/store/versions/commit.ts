/** Saving is committing: the next version on the branch of the open workflow. Nothing is ever overwritten. */
import i18next from "i18next";
import { ApiError } from "@/api/error";
import { diff } from "@/graph/diff";
import type { Document } from "@/graph/document";
import { write } from "@/graph/formats/write";
import { isObject } from "@/graph/json";
import { useDefs } from "@/store/defs";
import { EMPTY } from "@/store/editor";
import { ask } from "@/store/files/ask";
import { sayWhy } from "@/store/files/attempt";
import { freeName } from "@/store/files/userdata";
import { workspace } from "@/store/persist";
import type { OpenDoc } from "@/store/persist/doc";
import { tell } from "@/store/persist/notices";
import { feed } from "@/store/runs/live";
import { diverged } from "./diverged";
import { refreshLibrary } from "./library";
import { messageOf } from "./message";
import { nameFromFile, workflowNameTrouble } from "./names";
import { documentOf, MAIN } from "./opening";
import { commitVersion, createWorkflow } from "./server";
import { pictureOf, thumbnailOf } from "./thumbnail";
import { noteVersions } from "./timeline";
import type { BranchConflict, Saved } from "./types";

let last: Promise<unknown> = Promise.resolve();

/**
 * Keeps what is open as a version, with a message that says what is different if none is given; a workflow that
 * has no name is asked for one. Resolves to where it lies then; null if it is not saved, which the person was told.
 */
export function commitDocument(message?: string): Promise<Saved | null> {
  // One after the other: each goes on from the version before.
  const made = last.then(() => commit(message));
  last = made.catch(() => undefined);
  return made;
}

async function commit(message: string | undefined): Promise<Saved | null> {
  const doc = workspace().active;
  if (doc === undefined) return null;
  const { name } = doc.content;
  const { home } = doc;
  if (name === null || home?.kind !== "version") return create(doc, nameFromFile(doc.label), message);
  const saved = { workflow: name, branch: home.branch, version: home.version, number: home.number };
  if (doc.isSaved) {
    tell("info", "versions:notice.unchanged", { name, number: home.number });
    return saved;
  }
  try {
    return await commitTo(doc, saved, message);
  } catch (error) {
    if (error instanceof ApiError && error.code === "branch_conflict")
      return diverged(doc, saved, conflictOf(error));
    // Somebody renamed it, or the store is another: what is open becomes a workflow of its own.
    if (error instanceof ApiError && error.status === 404) return create(doc, name, message);
    sayWhy(name, error);
    return null;
  }
}

async function commitTo(doc: OpenDoc, saved: Saved, given?: string): Promise<Saved> {
  const { branch, version } = saved;
  const { document } = doc.content;
  const message = given ?? (await suggestedMessage(doc));
  const thumbnail = await pictureNow(doc);
  const body = { document: write(document), branch, parent: version, message, thumbnail };
  const { version: made, changed } = await commitVersion(saved.workflow, body);
  // Somebody may have renamed it meanwhile: the old name leads there.
  const { workflow } = made;
  const key = changed ? "versions:notice.saved" : "versions:notice.unchanged";
  tell("info", key, { name: workflow, number: made.number, message });
  const { id, number } = made;
  workspace().markSaved(doc, workflow, { kind: "version", branch, version: id, number }, document);
  noteVersions(workflow);
  return { workflow, branch, version: id, number };
}

/** A workflow of its own, under another name. `origin`: the version it was made from. */
export async function commitAsNew(name?: string): Promise<Saved | null> {
  const doc = workspace().active;
  if (doc === undefined) return null;
  const suggested =
    name ?? (doc.content.name === null ? nameFromFile(doc.label) : freeName(doc.label, [doc.label]));
  return create(doc, suggested, undefined, name === undefined);
}

async function create(
  doc: OpenDoc,
  suggested: string,
  message: string | undefined,
  asks = doc.content.name === null || workflowNameTrouble(suggested) !== "",
): Promise<Saved | null> {
  const purpose = doc.content.name === null ? "save" : "saveAs";
  let name: string | null = suggested;
  if (asks) name = await ask({ kind: "name", of: "workflow", purpose, suggested });
  try {
    while (name !== null) {
      const saved = await createAs(doc, name, message);
      if (saved !== null) return saved;
      name = await ask({
        kind: "name",
        of: "workflow",
        purpose,
        suggested: freeName(name, [name]),
        taken: name,
      });
    }
  } catch (error) {
    sayWhy(name ?? suggested, error);
  }
  return null;
}

/** Null if there is a workflow of that name. */
async function createAs(
  doc: OpenDoc,
  name: string,
  message = i18next.t("versions:message.first"),
): Promise<Saved | null> {
  const { document } = doc.content;
  const origin = doc.home?.kind === "version" ? { origin: doc.home.version } : {};
  const thumbnail = await pictureNow(doc);
  try {
    const made = await createWorkflow({ name, document: write(document), message, thumbnail, ...origin });
    const { id: version, number, workflow } = made;
    workspace().markSaved(doc, workflow, { kind: "version", branch: MAIN, version, number }, document);
    tell("info", "versions:notice.created", { name: workflow });
    noteVersions(workflow);
    void refreshLibrary();
    return { workflow, branch: MAIN, version, number };
  } catch (error) {
    if (error instanceof ApiError && error.code === "name_taken") return null;
    throw error;
  }
}

function pictureNow(doc: OpenDoc): Promise<string | null> {
  const file = pictureOf(feed.boards.of(doc.docId).nodes);
  return file === null ? Promise.resolve(null) : thumbnailOf(file);
}

/** What is different since the version it is based on, in a line. */
export async function suggestedMessage(doc: OpenDoc): Promise<string> {
  const before = await baseOf(doc);
  if (before === null) return "";
  const changes = diff(before, doc.content.document, useDefs.getState().defs);
  return messageOf(changes, (key, params) => i18next.t(key, params ?? {}));
}

/** As it was saved; fetched if it was opened in another page. Null if it cannot be had. */
export async function baseOf(doc: OpenDoc): Promise<Document | null> {
  const { saved, name } = doc.content;
  if (saved !== EMPTY) return saved;
  if (name === null || doc.home?.kind !== "version") return null;
  return documentOf(name, doc.home.version).catch(() => null);
}

function conflictOf({ body }: ApiError): BranchConflict {
  if (!isObject(body)) throw new TypeError("the server did not say what the branch has now");
  return body as unknown as BranchConflict;
}
