/** Bringing the changes of two versions together: what conflicts is decided by the person, the rest is done. */
import i18next from "i18next";
import { create } from "zustand";
import { ApiError } from "@/api/error";
import type { Document } from "@/graph/document";
import { openJson } from "@/graph/formats/open";
import { write } from "@/graph/formats/write";
import type { JsonObject } from "@/graph/json";
import { useEditor } from "@/store/editor";
import { sayWhy } from "@/store/files/attempt";
import { knownDefs } from "@/store/files/sources";
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { documentOf } from "./opening";
import { replaceDocument } from "./replace";
import { commitVersion, deleteBranch, mergeVersions } from "./server";
import { showStage } from "./stage";
import { noteVersions } from "./timeline";
import type { MergeAnswer, Resolution, VersionItem } from "./types";

export interface MergeStart {
  readonly workflow: string;
  /** The branch that gets the result, and the version it ends in. */
  readonly into: { readonly branch: string; readonly head: string };
  readonly ours: VersionItem;
  readonly theirs: VersionItem;
  /** A branch that was made to keep one side, and is not needed once both are one. */
  readonly leaves?: string;
}

export interface Merging extends MergeStart {
  readonly answer: MergeAnswer;
  /** The result as far as it is decided, as the canvas shows it. */
  readonly document: Document;
  /** What `ours` has. */
  readonly before: Document;
  /** Every conflict there was, decided or not. */
  readonly conflicts: MergeAnswer["conflicts"];
  readonly resolutions: Readonly<Record<string, Resolution>>;
  readonly isBusy: boolean;
  /** The open workflow that gets the result. */
  readonly docId: string;
}

export const useMerge = create<{ readonly merging: Merging | null }>(() => ({ merging: null }));

/** Shows the merge. Nothing is changed before it is committed. */
export async function startMerge(start: MergeStart): Promise<void> {
  try {
    const [answer, before] = await Promise.all([ask(start, {}), documentOf(start.workflow, start.ours.id)]);
    const document = await shown(answer);
    const { conflicts } = answer;
    const { docId } = useEditor.getState();
    const begun = { ...start, answer, document, before, conflicts, docId };
    useMerge.setState({ merging: { ...begun, resolutions: {}, isBusy: false } });
    showStage("merge");
  } catch (error) {
    sayWhy(start.workflow, error);
  }
}

export function endMerge(): void {
  useMerge.setState({ merging: null });
  showStage(null);
}

/** Decide a conflict; null leaves it open again. */
export async function resolve(id: string, resolution: Resolution | null): Promise<void> {
  const { merging } = useMerge.getState();
  if (merging === null) return;
  const { [id]: _, ...others } = merging.resolutions;
  const resolutions = resolution === null ? others : { ...others, [id]: resolution };
  await decide(merging, resolutions);
}

/** Decide everything that is still open for one side. */
export async function resolveRest(side: "ours" | "theirs"): Promise<void> {
  const { merging } = useMerge.getState();
  if (merging === null) return;
  const open = merging.conflicts.filter(({ id }) => merging.resolutions[id] === undefined);
  await decide(merging, {
    ...merging.resolutions,
    ...Object.fromEntries(open.map(({ id }) => [id, side] as const)),
  });
}

let turn = 0;

async function decide(merging: Merging, resolutions: Merging["resolutions"]): Promise<void> {
  turn += 1;
  const mine = turn;
  useMerge.setState({ merging: { ...merging, resolutions, isBusy: true } });
  try {
    const answer = await ask(merging, resolutions);
    const document = await shown(answer);
    if (mine !== turn || useMerge.getState().merging === null) return;
    // Deciding one may bring up another.
    const known = new Set(merging.conflicts.map(({ id }) => id));
    const conflicts = [...merging.conflicts, ...answer.conflicts.filter(({ id }) => !known.has(id))];
    useMerge.setState({ merging: { ...merging, answer, document, conflicts, resolutions, isBusy: false } });
  } catch (error) {
    if (mine === turn) useMerge.setState({ merging: { ...merging, isBusy: false } });
    sayWhy(merging.workflow, error);
  }
}

function ask(
  { workflow, ours, theirs }: MergeStart,
  resolutions: Merging["resolutions"],
): Promise<MergeAnswer> {
  const chosen = Object.fromEntries(Object.entries(resolutions).map(([id, one]) => [id, one] as const));
  return mergeVersions({ workflow, ours: ours.id, theirs: theirs.id, resolutions: chosen });
}

async function shown(answer: MergeAnswer): Promise<Document> {
  return openJson(answer.document as JsonObject, await knownDefs()).document;
}

/** Keeps the result as the next version of the branch, and shows it. */
export async function commitMerge(message: string): Promise<boolean> {
  const { merging } = useMerge.getState();
  const doc = workspace().active;
  if (merging === null || doc?.docId !== merging.docId || !merging.answer.clean) return false;
  if (!doc.isSaved) {
    // The result would take the place of edits that no version has.
    tell("warning", "versions:notice.editedMeanwhile", { name: merging.workflow });
    return false;
  }
  const { workflow, into, ours, theirs, document, leaves } = merging;
  const merged = into.head === ours.id ? theirs.id : ours.id;
  useMerge.setState({ merging: { ...merging, isBusy: true } });
  try {
    const body = { document: write(document), branch: into.branch, parent: into.head, merged, message };
    const { version } = await commitVersion(workflow, body);
    replaceDocument("steps:merge", document);
    const home = {
      kind: "version",
      branch: into.branch,
      version: version.id,
      number: version.number,
    } as const;
    workspace().markSaved(doc, workflow, home, doc.content.document);
    if (leaves !== undefined) await deleteBranch(workflow, leaves).catch(() => undefined);
    tell("info", "versions:notice.merged", { name: workflow, number: version.number, branch: into.branch });
    endMerge();
    return true;
  } catch (error) {
    useMerge.setState({ merging: { ...merging, isBusy: false } });
    if (error instanceof ApiError && error.code === "branch_conflict") {
      tell("warning", "versions:notice.mergeAgain", { branch: into.branch });
      endMerge();
    } else sayWhy(workflow, error);
    return false;
  } finally {
    noteVersions(workflow);
  }
}

/** What a merge is called if nobody says. */
export function mergeMessage({ theirs, ours, into }: MergeStart): string {
  const other = into.head === ours.id ? theirs : ours;
  const [name = i18next.t("versions:number", { number: other.number })] = other.branches;
  return i18next.t("versions:merge.message", { name, branch: into.branch });
}
