/** What reading or converting a workflow has to tell: data, worded by the message catalogue (`formats.json`). */
import type { GraphId, NodeKey } from "../document";

export const FINDING_CODES = [
  // Repairs while reading a file.
  "not-a-node",
  "duplicate-node-id",
  "renamed-class",
  "link-missing",
  "link-dropped",
  "link-shared",
  "duplicate-input",
  "not-a-number-token",
  "number-rounded",
  "group-node-converted",
  "group-node-undefined",
  // What a conversion could not do.
  "unknown-class",
  "unknown-class-of",
  "cycle",
  "self-containing",
  "value-misfit",
  "wire-without-origin",
  "entry-without-class",
  "unknown-input",
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

export interface Finding {
  readonly code: FindingCode;
  /** Where it is, as far as that can be said. */
  readonly graph: GraphId;
  readonly node?: NodeKey;
  readonly input?: string;
  /** What the message names. */
  readonly params: Readonly<Record<string, string | number>>;
}

export const FORMAT_ERROR_CODES = [
  "not-json",
  "not-a-workflow",
  "empty",
  "no-workflow-inside",
  "damaged",
] as const;
export type FormatErrorCode = (typeof FORMAT_ERROR_CODES)[number];

/** A file that holds no workflow at all. */
export class FormatError extends Error {
  constructor(
    readonly code: FormatErrorCode,
    readonly params: Readonly<Record<string, string | number>> = {},
  ) {
    super(`${code} ${JSON.stringify(params)}`);
    this.name = "FormatError";
  }
}
