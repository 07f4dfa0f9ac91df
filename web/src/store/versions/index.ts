/** Versions of the open workflow, for everybody else. */
export { commitDocument } from "./commit";
export { openWorkflow } from "./opening";
export { savedOf } from "./saved";
export type { Saved, VersionItem, VersionRecord, WorkflowItem, WorkflowRecord } from "./types";
