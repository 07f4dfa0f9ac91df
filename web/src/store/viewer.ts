/** The pictures that are looked at large, and how. */
import { create } from "zustand";
import { useEditor } from "./editor";
import type { FileRef } from "./runs";
import type { MadeFile } from "./runs/history";
import { feed } from "./runs/live";

export interface Viewed {
  readonly file: FileRef;
  /** The job that made it and the node there, as far as that is known. */
  readonly job: string | null;
  readonly node: string | null;
}

/** A file that a job made. */
export function viewOf(job: string, { node, filename, subfolder, type, replaced }: MadeFile): Viewed {
  const file: FileRef = { filename, subfolder, type, ...(replaced === true ? { replaced } : {}) };
  return { file, job, node };
}

interface ViewerState {
  /** Empty while nothing is looked at. */
  readonly items: readonly Viewed[];
  readonly index: number;
  /** The picture it is compared with, by its place in `items`. */
  readonly other: number | null;
  readonly layout: "slider" | "side";
  readonly showsFacts: boolean;
}

export const useViewer = create<ViewerState>(() => ({
  items: [],
  index: 0,
  other: null,
  layout: "slider",
  showsFacts: true,
}));

export function openViewer(items: readonly Viewed[], index = 0, other: number | null = null): void {
  if (items.length > 0) useViewer.setState({ items, index: wrap(index, items.length), other });
}

/** Look at what a node of the open workflow shows. */
export function viewImages(files: readonly FileRef[], index = 0, node: string | null = null): void {
  const { job } = feed.boards.of(useEditor.getState().docId);
  openViewer(
    files.map((file) => ({ file, job, node })),
    index,
  );
}

export function closeViewer(): void {
  useViewer.setState({ items: [], other: null });
}

/** The next picture, or the one before; while two are compared, the other one changes. */
export function step(by: 1 | -1): void {
  const { items, index, other } = useViewer.getState();
  if (other === null) useViewer.setState({ index: wrap(index + by, items.length) });
  else useViewer.setState({ other: wrap(other + by, items.length) });
}

export function toggleCompare(): void {
  const { items, index, other } = useViewer.getState();
  if (other !== null) useViewer.setState({ other: null });
  else if (items.length > 1) useViewer.setState({ other: wrap(index + 1, items.length) });
}

function wrap(index: number, count: number): number {
  return ((index % count) + count) % count;
}
