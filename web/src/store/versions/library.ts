/** The workflows the server keeps, as last listed. */
import { create } from "zustand";
import { ApiError } from "@/api/error";
import { ask } from "@/store/files/ask";
import { sayWhy } from "@/store/files/attempt";
import { freeName } from "@/store/files/userdata";
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { changeWorkflow, createWorkflow, listWorkflows, readVersion } from "./server";
import { noteVersions, showTimeline, useTimeline } from "./timeline";
import type { WorkflowItem } from "./types";

const PAGE = 100;

export interface Library {
  readonly search: string;
  readonly label: string | null;
  readonly isArchive: boolean;
  readonly workflows: readonly WorkflowItem[];
  readonly total: number;
  readonly status: "loading" | "ready" | "failed";
  /** Why it failed. */
  readonly reason: string;
}

export const useWorkflows = create<Library>(() => ({
  search: "",
  label: null,
  isArchive: false,
  workflows: [],
  total: 0,
  status: "loading",
  reason: "",
}));

/** Ask for those that match; those at hand stay if the server cannot be reached. */
export async function refreshLibrary(
  filter: Partial<Pick<Library, "search" | "label" | "isArchive">> = {},
): Promise<void> {
  useWorkflows.setState(filter);
  const limit = Math.max(PAGE, Object.keys(filter).length > 0 ? 0 : useWorkflows.getState().workflows.length);
  await load(0, limit, ({ workflows }) => workflows);
}

export async function moreWorkflows(): Promise<void> {
  const { workflows, total } = useWorkflows.getState();
  if (workflows.length < total) {
    await load(workflows.length, PAGE, (page) => [...workflows, ...page.workflows]);
  }
}

let asked = 0;

async function load(
  offset: number,
  limit: number,
  take: (page: { workflows: WorkflowItem[] }) => readonly WorkflowItem[],
): Promise<void> {
  asked += 1;
  const turn = asked;
  const { search, label, isArchive } = useWorkflows.getState();
  const query = { offset, limit, archived: isArchive, ...(search === "" ? {} : { search }) };
  try {
    const page = await listWorkflows(label === null ? query : { ...query, label });
    // What was typed meanwhile counts.
    if (turn === asked) useWorkflows.setState({ workflows: take(page), total: page.total, status: "ready" });
  } catch (error) {
    if (turn !== asked) return;
    const reason = error instanceof ApiError && !error.unreachable ? error.message : "";
    useWorkflows.setState({ status: "failed", reason });
  }
}

/** Gives a workflow another name; asks for it. What is open of it follows. */
export async function renameWorkflow(name: string): Promise<boolean> {
  let taken: string | undefined;
  for (;;) {
    const suggested = taken ?? name;
    const wanted = await ask({
      kind: "name",
      of: "workflow",
      purpose: "rename",
      suggested,
      ...(taken === undefined ? {} : { taken }),
    });
    if (wanted === null || wanted === name) return false;
    try {
      const { name: given } = await changeWorkflow(name, { name: wanted });
      for (const doc of workspace().allNamed(name)) {
        if (doc.home?.kind === "version") workspace().rename(doc, given);
      }
      if (useTimeline.getState().workflow === name) void showTimeline(given);
      void refreshLibrary();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "name_taken")) {
        sayWhy(name, error);
        return false;
      }
      taken = wanted;
    }
  }
}

export function labelWorkflow(name: string, labels: readonly string[]): Promise<boolean> {
  return change(name, { labels: [...labels] });
}

/** Out of the lists, or back into them. Its versions stay and can be called. */
export async function archiveWorkflow(name: string, archived: boolean): Promise<boolean> {
  const isDone = await change(name, { archived });
  if (isDone && archived) {
    const undo = { key: "versions:library.unarchive", run: () => void archiveWorkflow(name, false) };
    tell("info", "versions:notice.archived", { name }, { action: undo });
  }
  return isDone;
}

async function change(name: string, body: { labels?: string[]; archived?: boolean }): Promise<boolean> {
  return attempt(name, async () => {
    await changeWorkflow(name, body);
    noteVersions(name);
  });
}

/** A new workflow that begins with what this one has now. */
export function duplicateWorkflow({ name, head, labels, description }: WorkflowItem): Promise<boolean> {
  return attempt(name, async () => {
    const { document, id: origin } = await readVersion(name, head.id);
    for (let taken = [name]; ; ) {
      const copy = freeName(name, taken);
      try {
        await createWorkflow({ name: copy, document, labels, description, origin });
        return;
      } catch (error) {
        if (!(error instanceof ApiError && error.code === "name_taken") || taken.length > 50) throw error;
        taken = [...taken, copy];
      }
    }
  });
}

async function attempt(name: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    void refreshLibrary();
    return true;
  } catch (error) {
    sayWhy(name, error);
    return false;
  }
}
