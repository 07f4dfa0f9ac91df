/** The versions of one workflow, the newest first, as far as they were asked for; and the names they have. */
import { create } from "zustand";
import { ApiError, unreachable } from "@/api/error";
import { listVersions, readWorkflow } from "./server";
import type { VersionItem, WorkflowRecord } from "./types";

const PAGE = 200;

export interface Timeline {
  /** Null while there is nothing to show. */
  readonly workflow: string | null;
  readonly versions: readonly VersionItem[];
  readonly record: WorkflowRecord | null;
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly error: ApiError | null;
}

const NOTHING: Timeline = {
  workflow: null,
  versions: [],
  record: null,
  hasMore: false,
  isLoading: false,
  error: null,
};

export const useTimeline = create<Timeline>(() => NOTHING);

/** Show the versions of a workflow; what is shown of it already stays until the server has answered. */
export async function showTimeline(workflow: string | null): Promise<void> {
  if (workflow === null) return useTimeline.setState(NOTHING);
  if (workflow !== useTimeline.getState().workflow) useTimeline.setState({ ...NOTHING, workflow });
  await load(workflow, async () => {
    const [record, page] = await Promise.all([
      readWorkflow(workflow),
      listVersions(workflow, { limit: PAGE }),
    ]);
    const { versions } = useTimeline.getState();
    return { record, ...joined(page, versions) };
  });
}

/** The next page, if there is one and it is not on its way. */
export async function moreVersions(): Promise<void> {
  const { workflow, versions, hasMore, isLoading } = useTimeline.getState();
  const oldest = versions.at(-1);
  if (workflow === null || oldest === undefined || !hasMore || isLoading) return;
  await load(workflow, async () => {
    const page = await listVersions(workflow, { before: oldest.number, limit: PAGE });
    return { versions: [...useTimeline.getState().versions, ...page.versions], hasMore: page.more };
  });
}

/** Something was added to the history of a workflow, or its names are others. */
export function noteVersions(workflow: string): void {
  if (useTimeline.getState().workflow === workflow) void showTimeline(workflow);
}

/** The newest page, and what is known already of the versions before it. */
function joined(
  page: { readonly versions: readonly VersionItem[]; readonly more: boolean },
  known: readonly VersionItem[],
): Pick<Timeline, "versions" | "hasMore"> {
  const last = page.versions.at(-1)?.number ?? 0;
  const older = known.filter(({ number }) => number < last);
  // Only if none is missing in between.
  if (older[0]?.number !== last - 1) return { versions: page.versions, hasMore: page.more };
  return { versions: [...page.versions, ...older], hasMore: useTimeline.getState().hasMore };
}

async function load(workflow: string, ask: () => Promise<Partial<Timeline>>): Promise<void> {
  useTimeline.setState({ isLoading: true, error: null });
  const isStale = () => useTimeline.getState().workflow !== workflow;
  try {
    const found = await ask();
    if (!isStale()) useTimeline.setState({ ...found, isLoading: false });
  } catch (error) {
    if (isStale()) return;
    useTimeline.setState({
      isLoading: false,
      error: error instanceof ApiError ? error : unreachable(error),
    });
  }
}
