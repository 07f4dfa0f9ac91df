/** What the server says of workflows and their versions, and what the canvas makes of it. */
import type { Schemas } from "@/api/client";
import type { Json } from "@/graph/json";

export type VersionItem = Schemas["VersionItem"];
export type VersionRecord = Schemas["VersionRecord"];
export type WorkflowItem = Schemas["WorkflowItem"];
export type WorkflowRecord = Schemas["WorkflowRecord"];
export type BranchItem = Schemas["BranchItem"];
export type Release = Schemas["ReleaseItem"];
export type ReleaseCheck = Schemas["ReleaseCheck"];
export type Committed = Schemas["Committed"];
export type MergeAnswer = Schemas["MergeAnswer"];
export type Conflict = Schemas["ConflictItem"];

/** Which side a conflict is decided for, or a value of its own. */
export type Resolution = "ours" | "theirs" | { readonly value: Json };

/** The branch had gone on: what was sent is kept on a branch of its own. */
export interface BranchConflict {
  readonly version: VersionItem;
  /** The new branch that holds it. */
  readonly branch: string;
  /** Where the branch that was meant is now. */
  readonly head: VersionItem;
}

/** The version the open workflow lies in. */
export interface Saved {
  readonly workflow: string;
  readonly branch: string;
  /** Its id. */
  readonly version: string;
  readonly number: number;
}
