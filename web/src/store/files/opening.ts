/** Opening: shows what a source gives, and says what is wrong with it. */
import { ApiError } from "@/api/error";
import { FormatError } from "@/graph/formats/finding";
import { workspace } from "@/store/persist";
import type { OpenDoc } from "@/store/persist/doc";
import { tell } from "@/store/persist/notices";
import { NOTHING } from "@/store/persist/workspace";
import { showReport } from "@/store/report";
import { showRun } from "@/store/runs/restore";
import { findWorkflow, MAIN, versionSource } from "@/store/versions/opening";
import { attempt } from "./attempt";
import { hashOf } from "./hash";
import { giveImage, type ScreenPoint } from "./images";
import { contentSource, fileSource, runSource, templateSource, titleOf } from "./sources";
import { readFile } from "./userdata";

export function newWorkflow(): void {
  workspace().open(NOTHING);
  showReport(null);
}

/**
 * A workflow of the server, `name@ref` for one of its versions, or else a file of that name. Edits of it that are
 * not saved yet come back.
 */
export async function openNamed(name: string): Promise<boolean> {
  const work = workspace();
  const open = work.named(name);
  if (open !== undefined) {
    work.show(open.docId);
    return true;
  }
  const [base = "", ref] = name.split("@", 2);
  if (ref !== undefined) return attempt(name, () => versionSource(base, ref));
  return attempt(name, async () => {
    const kept = await work.recordNamed(name);
    const found = await findWorkflow(name);
    if (found === null) return openSavedFile(name);
    const isHead = ({ home }: OpenDoc) =>
      home?.kind === "version" &&
      found.branches.some(({ name, version }) => name === home.branch && version.id === home.version);
    if (kept !== undefined && (await reopened(kept.docId, isHead))) return null;
    return versionSource(name, MAIN);
  });
}

/** A file below `workflows/` of the person's own folder, whether or not there is a workflow of that name. */
export function openSaved(name: string): Promise<boolean> {
  return attempt(name, () => openSavedFile(name));
}

async function openSavedFile(name: string) {
  const text = await readFile(name);
  const kept = await workspace().recordNamed(name);
  const isCurrent = ({ home }: OpenDoc) =>
    text !== null && home?.kind === "file" && home.hash === hashOf(text);
  if (kept !== undefined && (await reopened(kept.docId, isCurrent))) return null;
  if (text === null) throw new ApiError(404, "no_file", name);
  return fileSource(name, text);
}

/** Whether what this browser kept of it is to be shown, and is. */
async function reopened(docId: string, isNewest: (doc: OpenDoc) => boolean): Promise<boolean> {
  const work = workspace();
  const doc = await work.restore(docId, { isShown: false });
  if (doc === null) return false;
  const isCurrent = isNewest(doc);
  if (doc.isSaved && !doc.isElsewhere && !isCurrent) {
    await work.close(docId);
    return false;
  }
  work.show(docId);
  if (!doc.isSaved)
    tell("info", isCurrent ? "files:notice.draftRestored" : "files:notice.draftOfOlder", {
      name: doc.content.name ?? "",
    });
  return true;
}

export function openTemplate(name: string): Promise<boolean> {
  return attempt(name, () => templateSource(name));
}

export async function openRun(id: string, title: string = id.slice(0, 8)): Promise<boolean> {
  const isOpen = await attempt(id, () => runSource(id, title));
  // Its nodes show what they did and made then.
  if (isOpen) await showRun(id);
  return isOpen;
}

/** A file of this computer, or text from the clipboard. Pictures give the workflow they were made with. */
export function openText(content: string | Uint8Array, fileName: string): Promise<boolean> {
  return attempt(fileName, () => contentSource(content, titleOf(fileName) || null));
}

/** A file that was dropped or chosen. A picture without a workflow becomes a node that loads it. */
export function openFile(file: File, at: ScreenPoint | null = null): Promise<boolean> {
  return attempt(file.name, async () => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    try {
      return await contentSource(bytes, titleOf(file.name) || null);
    } catch (error) {
      if (error instanceof FormatError && error.code !== "damaged" && giveImage(file, at)) return null;
      throw error;
    }
  });
}
