/** The workflow being edited: its document, what is selected, what can be undone. Every edit goes through `perform`. */
import { create } from "zustand";
import { apply, type Change, Draft, inverse, type Step } from "@/graph/change";
import { type Document, type Graph, type GraphId, type NodeKey, ROOT } from "@/graph/document";
import { tableOf } from "@/graph/table";

/** A subgraph that was entered: the node that was opened, and where it lies. */
export interface Entered {
  readonly graph: GraphId;
  readonly host: NodeKey;
  /** The definition it shows. */
  readonly shows: GraphId;
}

export interface Editor {
  /** Identifies the open workflow in drafts and between tabs; stays when it is renamed. */
  readonly docId: string;
  /** Of the workflow, or of the file below `workflows/` it was opened from; null until it is saved. */
  readonly name: string | null;
  readonly document: Document;
  /** The document as it was last saved or opened. */
  readonly saved: Document;
  readonly path: readonly Entered[];
  readonly selection: ReadonlySet<NodeKey>;
  /** Keys of the groups table. */
  readonly selectedGroups: ReadonlySet<string>;
  readonly undone: readonly Step[];
  readonly done: readonly Step[];
}

export interface Opened {
  readonly docId: string;
  readonly name: string | null;
  readonly document: Document;
  /** False for what was restored or dropped and is not in a file yet. */
  readonly isSaved?: boolean;
  readonly done?: readonly Step[];
}

export const EMPTY_GRAPH: Graph = { nodes: tableOf(), links: tableOf(), groups: tableOf(), info: {} };
export const EMPTY: Document = { graphs: tableOf([[ROOT, EMPTY_GRAPH]]) };

const NOTHING: ReadonlySet<string> = new Set();

export const useEditor = create<Editor>(() => ({
  docId: "",
  name: null,
  document: EMPTY,
  saved: EMPTY,
  path: [],
  selection: NOTHING,
  selectedGroups: NOTHING,
  done: [],
  undone: [],
}));

/** The graph on screen. */
export function shownGraph(state: Editor = useEditor.getState()): GraphId {
  return state.path.at(-1)?.shows ?? ROOT;
}

/** What happened to the document, for those who write it down. `label` is the step's, undone or not. */
export type Watcher = (changes: readonly Change[], label: string, how: "do" | "undo" | "redo") => void;
const watchers = new Set<Watcher>();

/** Hears of every change from now on; returns how to stop. */
export function watchChanges(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/**
 * Do one gesture's edits as one step. Returns what `edit` returned, or undefined if it changed nothing.
 * `select` chooses nodes afterwards; without it what is selected and still there stays so.
 */
export function perform<T>(
  label: string,
  edit: (draft: Draft, graph: GraphId) => T,
  select?: (made: T) => Iterable<NodeKey>,
): T {
  const state = useEditor.getState();
  const draft = new Draft(state.document);
  const made = edit(draft, shownGraph(state));
  if (draft.changes.length === 0) return made;
  const step = draft.step(label);
  useEditor.setState(settled(state, draft.document, { done: [...state.done, step], undone: [] }));
  if (select !== undefined) useEditor.setState({ selection: new Set(select(made)), selectedGroups: NOTHING });
  for (const watcher of watchers) watcher(step.changes, label, "do");
  return made;
}

export function undo(): void {
  const state = useEditor.getState();
  const step = state.done.at(-1);
  if (step === undefined) return;
  const changes = inverse(step.changes);
  const stacks = { done: state.done.slice(0, -1), undone: [...state.undone, step] };
  useEditor.setState(settled(state, apply(state.document, changes), stacks));
  for (const watcher of watchers) watcher(changes, step.label, "undo");
}

export function redo(): void {
  const state = useEditor.getState();
  const step = state.undone.at(-1);
  if (step === undefined) return;
  const stacks = { done: [...state.done, step], undone: state.undone.slice(0, -1) };
  useEditor.setState(settled(state, apply(state.document, step.changes), stacks));
  for (const watcher of watchers) watcher(step.changes, step.label, "redo");
}

/** Show another workflow. What was open must have been kept before: drafts see to that. */
export function open(opened: Opened): void {
  useEditor.setState({
    docId: opened.docId,
    name: opened.name,
    document: opened.document,
    saved: (opened.isSaved ?? true) ? opened.document : EMPTY,
    path: [],
    selection: NOTHING,
    selectedGroups: NOTHING,
    done: opened.done ?? [],
    undone: [],
  });
}

export function select(nodes: Iterable<NodeKey>, groups: Iterable<string> = []): void {
  useEditor.setState({ selection: new Set(nodes), selectedGroups: new Set(groups) });
}

/** Show the inside of a subgraph node of the graph on screen. */
export function enter(host: NodeKey): void {
  const state = useEditor.getState();
  const graph = shownGraph(state);
  const shows = state.document.graphs.by[graph]?.nodes.by[host]?.type;
  if (shows === undefined || state.document.graphs.by[shows] === undefined) return;
  useEditor.setState({
    path: [...state.path, { graph, host, shows }],
    selection: NOTHING,
    selectedGroups: NOTHING,
  });
}

/** Go back up to `depth` entered subgraphs; 0 is the root. */
export function leave(depth = useEditor.getState().path.length - 1): void {
  const state = useEditor.getState();
  useEditor.setState({
    path: state.path.slice(0, Math.max(0, depth)),
    selection: NOTHING,
    selectedGroups: NOTHING,
  });
}

/** The state around another document: what is no longer there cannot be selected or be entered. */
function settled(
  state: Editor,
  document: Document,
  stacks: Pick<Editor, "done" | "undone">,
): Partial<Editor> {
  const gone = state.path.findIndex(
    (step) =>
      document.graphs.by[step.graph]?.nodes.by[step.host]?.type !== step.shows ||
      !document.graphs.by[step.shows],
  );
  const path = gone < 0 ? state.path : state.path.slice(0, gone);
  const graph = document.graphs.by[path.at(-1)?.shows ?? ROOT];
  const still = [...state.selection].filter((id) => graph?.nodes.by[id] !== undefined);
  const groups = [...state.selectedGroups].filter((id) => graph?.groups.by[id] !== undefined);
  return { document, path, selection: new Set(still), selectedGroups: new Set(groups), ...stacks };
}
