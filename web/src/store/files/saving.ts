/** Saving to the server's files; nothing that somebody else saved meanwhile is overwritten unasked. */

import type { Document } from "@/graph/document";
import { FormatError } from "@/graph/formats/finding";
import { read } from "@/graph/formats/read";
import { write } from "@/graph/formats/write";
import { workspace } from "@/store/persist";
import type { OpenDoc } from "@/store/persist/doc";
import { tell } from "@/store/persist/notices";
import { ask } from "./ask";
import { hashOf } from "./hash";
import { refreshListing } from "./listing";
import { sayWhy } from "./opening";
import { freeName, listFiles, moveFile, nameTrouble, readFile, removeFile, writeFile } from "./userdata";

export function textOf(document: Document): string {
  return JSON.stringify(write(document), null, 2);
}

/** Saves what is shown; asks for a name if it has none. Resolves to whether it is saved. */
export async function save(): Promise<boolean> {
  const doc = workspace().active;
  if (doc === undefined) return false;
  const { name } = doc.content;
  if (name === null) return saveAs();
  return attempt(name, () => saveTo(doc, name));
}

/** Saves what is shown under another name; without one, asks for it. */
export async function saveAs(name?: string): Promise<boolean> {
  const doc = workspace().active;
  if (doc === undefined) return false;
  const wanted = name ?? (await ask({ kind: "name", purpose: "save", suggested: doc.label }));
  if (wanted === null || nameTrouble(wanted) !== "") return false;
  return attempt(wanted, async () => {
    const { document } = doc.content;
    const text = textOf(document);
    const isWritten = await writeFile(wanted, text, false);
    if (!isWritten) {
      if (wanted === doc.content.name) return saveTo(doc, wanted);
      if (!(await ask({ kind: "overwrite", name: wanted }))) return false;
      await writeFile(wanted, text, true);
    }
    settle(doc, wanted, text, document);
    return true;
  });
}

async function saveTo(doc: OpenDoc, name: string): Promise<boolean> {
  const { document } = doc.content;
  const text = textOf(document);
  const theirs = await readFile(name);
  if (theirs === null) await writeFile(name, text, false);
  else if (theirs !== text && doc.file?.hash !== hashOf(theirs)) return saveOver(doc, name, theirs);
  else if (theirs !== text) await writeFile(name, text, true);
  settle(doc, name, text, document);
  return true;
}

/** The file is another than the one that was opened. */
async function saveOver(doc: OpenDoc, name: string, theirs: string): Promise<boolean> {
  const { document } = doc.content;
  const answer = await ask({ kind: "conflict", name, ours: document, theirs: readable(theirs) });
  if (answer === "cancel") return false;
  const names = answer === "copy" ? (await listFiles()).map((file) => file.name) : [];
  const target = answer === "copy" ? freeName(name, names) : name;
  const text = textOf(document);
  await writeFile(target, text, answer === "overwrite");
  settle(doc, target, text, document);
  return true;
}

function readable(text: string): Document | null {
  try {
    return read(text).document;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

function settle(doc: OpenDoc, name: string, text: string, document: Document): void {
  workspace().markSaved(doc, name, { hash: hashOf(text) }, document);
  tell("info", "files:notice.saved", { name });
}

/** Gives a file another name; asks for it if there is none. */
export async function renameFile(name: string, to?: string): Promise<boolean> {
  const wanted = to ?? (await ask({ kind: "name", purpose: "rename", suggested: name }));
  if (wanted === null || wanted === name || nameTrouble(wanted) !== "") return false;
  return attempt(name, async () => {
    if (!(await moveFile(name, wanted))) {
      tell("error", "files:notice.nameTaken", { name: wanted });
      return false;
    }
    const doc = workspace().named(name);
    if (doc !== undefined) workspace().rename(doc, wanted);
    return true;
  });
}

export async function duplicateFile(name: string): Promise<boolean> {
  return attempt(name, async () => {
    const text = await readFile(name);
    const names = (await listFiles()).map((file) => file.name);
    return text !== null && writeFile(freeName(name, names), text, false);
  });
}

/** Asks first. What is open of it stays open, as not saved. */
export async function deleteFile(name: string): Promise<boolean> {
  if (!(await ask({ kind: "remove", name, what: "file" }))) return false;
  return attempt(name, async () => {
    await removeFile(name);
    const doc = workspace().named(name);
    if (doc !== undefined) workspace().rename(doc, null);
    return true;
  });
}

async function attempt(name: string, work: () => Promise<boolean>): Promise<boolean> {
  try {
    const isDone = await work();
    if (isDone) void refreshListing();
    return isDone;
  } catch (error) {
    sayWhy(name, error);
    return false;
  }
}
