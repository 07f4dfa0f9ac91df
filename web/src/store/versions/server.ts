/** Workflows and their versions on the server, call by call. Whatever goes wrong is an `ApiError`. */
import { answer, api, type Schemas } from "@/api/client";
import type {
  Committed,
  MergeAnswer,
  Release,
  ReleaseCheck,
  VersionItem,
  VersionRecord,
  WorkflowItem,
  WorkflowRecord,
} from "./types";

export interface WorkflowQuery {
  readonly search?: string;
  readonly label?: string;
  readonly archived: boolean;
  readonly offset: number;
  readonly limit: number;
}

export function listWorkflows(given: WorkflowQuery): Promise<{ workflows: WorkflowItem[]; total: number }> {
  const query = {
    ...given,
    archived: String(given.archived),
    offset: String(given.offset),
    limit: String(given.limit),
  };
  return answer(api.GET("/api/v1/workflows", { params: { query } }));
}

export function readWorkflow(name: string): Promise<WorkflowRecord> {
  return answer(api.GET("/api/v1/workflows/{name}", { params: { path: { name } } }));
}

/** Its first version, on the branch `main`. */
export function createWorkflow(body: Schemas["NewWorkflowBody"]): Promise<VersionItem> {
  return answer(api.POST("/api/v1/workflows", { body }));
}

export function changeWorkflow(name: string, body: Schemas["ChangeBody"]): Promise<WorkflowItem> {
  return answer(api.PATCH("/api/v1/workflows/{name}", { params: { path: { name } }, body }));
}

export interface VersionQuery {
  /** Only versions this one goes back to. */
  readonly ref?: string;
  /** Only versions of a smaller number. */
  readonly before?: number;
  readonly limit: number;
}

/** The newest first. */
export function listVersions(
  name: string,
  { limit, before, ...ref }: VersionQuery,
): Promise<{ versions: VersionItem[]; more: boolean }> {
  const page = before === undefined ? {} : { before: String(before) };
  const query = { ...ref, ...page, limit: String(limit) };
  return answer(api.GET("/api/v1/workflows/{name}/versions", { params: { path: { name }, query } }));
}

export function readVersion(name: string, ref: string): Promise<VersionRecord> {
  return answer(api.GET("/api/v1/workflows/{name}/versions/{ref}", { params: { path: { name, ref } } }));
}

/** An `ApiError` of code `branch_conflict` if the branch has gone on: its body is a `BranchConflict`. */
export function commitVersion(name: string, body: Schemas["CommitBody"]): Promise<Committed> {
  return answer(api.POST("/api/v1/workflows/{name}/versions", { params: { path: { name } }, body }));
}

/** Both in one document; nothing is stored. */
export function mergeVersions(body: Schemas["MergeBody"]): Promise<MergeAnswer> {
  return answer(api.POST("/api/v1/workflows/merge", { body }));
}

/** `expected`: where the branch is now; none for one that is new. */
export function putBranch(
  name: string,
  branch: string,
  version: string,
  expected?: string,
): Promise<unknown> {
  const body = { version, ...(expected === undefined ? {} : { expected }) };
  const params = { path: { name, branch } };
  return answer(api.PUT("/api/v1/workflows/{name}/branches/{branch}", { params, body }));
}

export function deleteBranch(name: string, branch: string): Promise<unknown> {
  const params = { path: { name, branch } };
  return answer(api.DELETE("/api/v1/workflows/{name}/branches/{branch}", { params }));
}

export function putTag(name: string, tag: string, version: string): Promise<unknown> {
  const params = { path: { name, tag } };
  return answer(api.PUT("/api/v1/workflows/{name}/tags/{tag}", { params, body: { version } }));
}

export function deleteTag(name: string, tag: string): Promise<unknown> {
  const params = { path: { name, tag } };
  return answer(api.DELETE("/api/v1/workflows/{name}/tags/{tag}", { params }));
}

/** Which numbers a release of this version may have. */
export function checkRelease(name: string, version: string): Promise<ReleaseCheck> {
  const params = { path: { name } };
  return answer(api.POST("/api/v1/workflows/{name}/releases/check", { params, body: { version } }));
}

export function putRelease(name: string, body: Schemas["ReleaseBody"]): Promise<Release> {
  return answer(api.POST("/api/v1/workflows/{name}/releases", { params: { path: { name } }, body }));
}
