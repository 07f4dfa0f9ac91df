/** What can be done with the versions of a workflow. Each says itself when it cannot be done. */
import { ask } from "@/store/files/ask";
import { sayWhy } from "@/store/files/attempt";
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { commitDocument, suggestedMessage } from "./commit";
import { startMerge } from "./merge";
import { documentOf, openWorkflow } from "./opening";
import { replaceDocument } from "./replace";
import { savedNow } from "./saved";
import { deleteBranch, deleteTag, putBranch, putTag, readVersion, readWorkflow } from "./server";
import { noteVersions } from "./timeline";
import type { Saved, VersionItem, WorkflowRecord } from "./types";

/** Asks what to say of it first. */
export async function commitWithMessage(): Promise<void> {
  const doc = workspace().active;
  if (doc === undefined) return;
  const suggested = await suggestedMessage(doc);
  const message = await ask({ kind: "message", name: doc.label, suggested });
  if (message !== null) await commitDocument(message);
}

/** Its content becomes that of the open workflow, as one edit: undone like any other, kept by saving. */
export async function restoreVersion({ workflow, id, number }: VersionItem): Promise<void> {
  await attempt(workflow, async () => {
    replaceDocument("steps:restore", await documentOf(workflow, id));
    const doc = workspace().active;
    const { home } = doc ?? {};
    if (doc !== undefined && home?.kind === "version" && home.version === id) {
      // Back where it was saved: there is nothing to keep.
      workspace().markSaved(doc, doc.content.name ?? workflow, home, doc.content.document);
      tell("info", "versions:notice.reverted", { number });
    } else tell("info", "versions:notice.restored", { number });
  });
}

/** In a tab of its own. */
export function openVersion({ workflow, number }: VersionItem): Promise<boolean> {
  return openWorkflow(workflow, `#${number}`);
}

/** A branch that begins at a version; the open workflow goes on there if it is that version, unedited or not. */
export async function startBranch(version: VersionItem, record: WorkflowRecord | null): Promise<void> {
  const { workflow, id, number } = version;
  const taken = record?.branches.map(({ name }) => name) ?? [];
  const branch = await ask({ kind: "ref", what: "branch", number, taken });
  if (branch === null) return;
  await attempt(workflow, async () => {
    await putBranch(workflow, branch, id);
    noteVersions(workflow);
    const doc = workspace().active;
    const saved = savedNow();
    if (doc === undefined || saved?.workflow !== workflow || saved.version !== id) {
      await switchBranch(workflow, branch);
      return;
    }
    workspace().rehome(doc, { kind: "version", branch, version: id, number });
    tell("info", "versions:notice.onBranch", { branch });
  });
}

/** Shows where another branch ends. Edits that are in no version are saved first, or kept as a draft. */
export async function switchBranch(workflow: string, branch: string): Promise<void> {
  const saved = savedNow();
  if (saved?.workflow === workflow && saved.branch === branch) return;
  const doc = workspace().active;
  const isOurs = saved?.workflow === workflow;
  if (doc !== undefined && isOurs && !doc.isSaved) {
    const answer = await ask({ kind: "unsaved", name: workflow, purpose: "switch" });
    if (answer === "cancel" || (answer === "save" && (await commitDocument()) === null)) return;
  }
  const isOpen = await openWorkflow(workflow, branch);
  // Its edits stay as a draft, if there are any.
  if (isOpen && isOurs && doc !== undefined) await workspace().close(doc.docId);
  if (isOpen) tell("info", "versions:notice.onBranch", { branch });
}

/** Goes on from where the branch is by now. With edits there is something to merge: saving tells. */
export async function catchUp({ workflow, branch }: Saved): Promise<void> {
  const doc = workspace().active;
  if (doc === undefined) return;
  if (!doc.isSaved) {
    await commitDocument();
    return;
  }
  await attempt(workflow, async () => {
    const { id: version, number } = await readVersion(workflow, branch);
    replaceDocument("steps:restore", await documentOf(workflow, version));
    const home = { kind: "version", branch, version, number } as const;
    workspace().markSaved(doc, workflow, home, doc.content.document);
    noteVersions(workflow);
  });
}

/** Shows what merging a branch into the one that is open would give. */
export async function mergeBranch(workflow: string, branch: string): Promise<void> {
  const doc = workspace().active;
  let saved = savedNow();
  if (doc === undefined || saved?.workflow !== workflow) return;
  if (!doc.isSaved) {
    const answer = await ask({ kind: "unsaved", name: workflow, purpose: "merge" });
    if (answer !== "save") return;
    saved = await commitDocument();
    if (saved === null) return;
  }
  const { branch: into } = saved;
  await attempt(workflow, async () => {
    const record = await readWorkflow(workflow);
    const end = (name: string) => record.branches.find((one) => one.name === name)?.version;
    const [ours, theirs] = [end(into), end(branch)];
    if (ours === undefined || theirs === undefined) {
      tell("warning", "versions:notice.noBranch", { branch: ours === undefined ? into : branch });
    } else if (ours.id === theirs.id) {
      tell("info", "versions:notice.nothingToMerge", { branch, into });
    } else {
      await startMerge({ workflow, into: { branch: into, head: ours.id }, ours, theirs });
    }
  });
}

export async function tagVersion(version: VersionItem, record: WorkflowRecord | null): Promise<void> {
  const { workflow, id, number } = version;
  const taken = record?.tags.map(({ name }) => name) ?? [];
  const tag = await ask({ kind: "ref", what: "tag", number, taken });
  if (tag === null) return;
  await attempt(workflow, async () => {
    await putTag(workflow, tag, id);
    noteVersions(workflow);
  });
}

/** Takes a name away; the versions stay. */
export async function removeRef(workflow: string, what: "branch" | "tag", name: string): Promise<void> {
  if (!(await ask({ kind: "remove", name, what }))) return;
  await attempt(workflow, async () => {
    await (what === "branch" ? deleteBranch(workflow, name) : deleteTag(workflow, name));
    noteVersions(workflow);
  });
}

export async function releaseVersion(version: VersionItem): Promise<void> {
  await ask({ kind: "release", name: version.workflow, version });
}

/** The version the open workflow is based on; null if it has none, or it cannot be had. */
export async function currentVersion(): Promise<VersionItem | null> {
  const saved = savedNow();
  if (saved === null) return null;
  let found: VersionItem | null = null;
  await attempt(saved.workflow, async () => {
    found = await readVersion(saved.workflow, saved.version);
  });
  return found;
}

async function attempt(workflow: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    sayWhy(workflow, error);
  }
}
