/** Somebody else saved first: both versions are kept, and the person chooses how to go on. */
import { ask } from "@/store/files/ask";
import { workspace } from "@/store/persist";
import type { OpenDoc } from "@/store/persist/doc";
import { compareVersions } from "./compare";
import { startMerge } from "./merge";
import { noteVersions } from "./timeline";
import type { BranchConflict, Saved } from "./types";

/** `meant`: the branch that had gone on. Resolves to where the workflow lies now. */
export async function diverged(doc: OpenDoc, meant: Saved, conflict: BranchConflict): Promise<Saved> {
  const { document } = doc.content;
  const { workflow } = meant;
  const { version: ours, head: theirs, branch: kept } = conflict;
  noteVersions(workflow);
  const home = { kind: "version", branch: kept, version: ours.id, number: ours.number } as const;
  workspace().markSaved(doc, workflow, home, document);
  const saved = { workflow, branch: kept, version: ours.id, number: ours.number };
  const answer = await ask({ kind: "diverged", name: workflow, branch: meant.branch, kept, ours, theirs });
  if (answer === "compare") await compareVersions(workflow, theirs, ours);
  if (answer === "merge") {
    await startMerge({
      workflow,
      into: { branch: meant.branch, head: theirs.id },
      ours,
      theirs,
      leaves: kept,
    });
  }
  return saved;
}
