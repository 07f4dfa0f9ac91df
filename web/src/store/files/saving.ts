/** Saving keeps a version: see `store/versions`. Files are what was saved before, or by other programs. */
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { ask } from "./ask";
import { sayWhy } from "./attempt";
import { refreshListing } from "./listing";
import { freeName, listFiles, moveFile, nameTrouble, readFile, removeFile, writeFile } from "./userdata";

const committing = () => import("@/store/versions/commit");

/** Keeps what is shown as a version; asks for a name if it has none. Resolves to whether it is saved. */
export async function save(): Promise<boolean> {
  return (await (await committing()).commitDocument()) !== null;
}

/** Keeps what is shown as a workflow of its own; without a name, asks for it. */
export async function saveAs(name?: string): Promise<boolean> {
  return (await (await committing()).commitAsNew(name)) !== null;
}

/** Gives a file another name; asks for it if there is none. */
export async function renameFile(name: string, to?: string): Promise<boolean> {
  const wanted = to ?? (await ask({ kind: "name", of: "file", purpose: "rename", suggested: name }));
  if (wanted === null || wanted === name || nameTrouble(wanted) !== "") return false;
  return attempt(name, async () => {
    if (!(await moveFile(name, wanted))) {
      tell("error", "files:notice.nameTaken", { name: wanted });
      return false;
    }
    for (const doc of openOf(name)) workspace().rename(doc, wanted);
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
    for (const doc of openOf(name)) workspace().rename(doc, null);
    return true;
  });
}

/** What is open of a file, and not of a workflow that happens to have its name. */
function openOf(name: string) {
  return workspace()
    .allNamed(name)
    .filter(({ home }) => home?.kind !== "version");
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
