/** Two states of a workflow side by side. A side without a version is what is open now, with its latest edits. */
import { create } from "zustand";
import { type Difference, diff } from "@/graph/diff";
import type { Document, GraphId, NodeKey } from "@/graph/document";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import { sayWhy } from "@/store/files/attempt";
import { documentOf } from "./opening";
import { showStage } from "./stage";
import type { VersionItem } from "./types";

export const COMPARE_MODES = ["canvas", "sides", "list"] as const;
export type CompareMode = (typeof COMPARE_MODES)[number];

export interface Side {
  /** Null for what is open now. */
  readonly version: VersionItem | null;
  readonly document: Document | null;
}

export interface Comparison {
  readonly workflow: string;
  readonly before: Side;
  readonly after: Side;
  /** The open workflow it was begun from: another one is none of its business. */
  readonly docId: string;
}

interface Compare {
  readonly comparison: Comparison | null;
  readonly mode: CompareMode;
  /** The node that is looked at; of the older document, if it is only there. */
  readonly lit: { readonly graph: GraphId; readonly node: NodeKey } | null;
}

export const useCompare = create<Compare>(() => ({ comparison: null, mode: "canvas", lit: null }));

const NOW: Side = { version: null, document: null };

/** Compare two versions; the older with what is open now if there is one only. */
export async function compareVersions(
  workflow: string,
  before: VersionItem,
  after: VersionItem | null = null,
): Promise<void> {
  try {
    const [old, now] = await Promise.all([
      sideOf(workflow, before),
      after === null ? NOW : sideOf(workflow, after),
    ]);
    const { docId } = useEditor.getState();
    useCompare.setState({ comparison: { workflow, before: old, after: now, docId }, lit: null });
    showStage("compare");
  } catch (error) {
    sayWhy(workflow, error);
  }
}

async function sideOf(workflow: string, version: VersionItem): Promise<Side> {
  return { version, document: await documentOf(workflow, version.id) };
}

/** Look at one version as it was. */
export async function viewVersion(version: VersionItem): Promise<void> {
  await compareVersions(version.workflow, version, version);
}

export function showMode(mode: CompareMode): void {
  useCompare.setState({ mode });
}

export function swapSides(): void {
  const { comparison } = useCompare.getState();
  if (comparison === null) return;
  const { before, after } = comparison;
  useCompare.setState({ comparison: { ...comparison, before: after, after: before }, lit: null });
}

export function endCompare(): void {
  useCompare.setState({ comparison: null, lit: null });
  showStage(null);
}

/** Both documents; null while there is nothing to compare, or another workflow is on screen. */
export function useSides(): readonly [Document, Document] | null {
  const comparison = useCompare((state) => state.comparison);
  const isOpen = useEditor((editor) => editor.docId === comparison?.docId);
  const document = useEditor((editor) => editor.document);
  if (comparison === null || !isOpen) return null;
  return [comparison.before.document ?? document, comparison.after.document ?? document];
}

let known: { before: Document; after: Document; defs: unknown; found: readonly Difference[] } | null = null;

/** The same list as long as both stay as they are, whoever asks. */
export function useDifferences(): readonly Difference[] {
  const sides = useSides();
  const defs = useDefs((state) => state.defs);
  if (sides === null) return [];
  const [before, after] = sides;
  if (known?.before !== before || known.after !== after || known.defs !== defs) {
    known = { before, after, defs, found: diff(before, after, defs) };
  }
  return known.found;
}
