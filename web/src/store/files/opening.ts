/** Opening: shows what a source gives, and says what is wrong with it. */
import { ApiError } from "@/api/error";
import { FormatError } from "@/graph/formats/finding";
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { NOTHING } from "@/store/persist/workspace";
import { showReport } from "@/store/report";
import { showRun } from "@/store/runs/restore";
import { hashOf } from "./hash";
import { giveImage, type ScreenPoint } from "./images";
import { contentSource, type FoundSource, fileSource, runSource, templateSource, titleOf } from "./sources";
import { readFile } from "./userdata";

export function newWorkflow(): void {
  workspace().open(NOTHING);
  showReport(null);
}

/** A file of the server. Edits of it that are not saved yet come back. */
export async function openNamed(name: string): Promise<boolean> {
  const work = workspace();
  const open = work.named(name);
  if (open !== undefined) {
    work.show(open.docId);
    return true;
  }
  return attempt(name, async () => {
    const text = await readFile(name);
    const kept = await work.recordNamed(name);
    if (kept !== undefined && (await reopened(kept.docId, text))) return null;
    if (text === null) throw new ApiError(404, "no_file", name);
    return fileSource(name, text);
  });
}

/** Whether what this browser kept of it is to be shown, and is. */
async function reopened(docId: string, text: string | null): Promise<boolean> {
  const work = workspace();
  const doc = await work.restore(docId, { isShown: false });
  if (doc === null) return false;
  const isCurrent = text !== null && doc.file?.hash === hashOf(text);
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

async function attempt(label: string, find: () => Promise<FoundSource | null>): Promise<boolean> {
  try {
    const found = await find();
    if (found === null) return true;
    const doc = workspace().open(found);
    const { findings } = found;
    showReport(findings.length === 0 ? null : { docId: doc.docId, source: label, findings });
    return true;
  } catch (error) {
    sayWhy(label, error);
    return false;
  }
}

export function sayWhy(name: string, error: unknown): void {
  if (error instanceof FormatError)
    tell("error", `formats:error.${error.code}`, error.params, { title: name });
  else if (error instanceof ApiError && error.unreachable)
    tell("error", "files:notice.unreachable", { name });
  else if (error instanceof ApiError && error.status === 404)
    tell("error", "files:notice.notThere", { name });
  else
    tell("error", "files:notice.failed", {
      name,
      reason: error instanceof Error ? error.message : String(error),
    });
}
