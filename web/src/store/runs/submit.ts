/** The open workflow to the server: converted, sent, and its seeds moved on as their controls say. */
import { answer, api, type Schemas } from "@/api/client";
import { ApiError, unreachable } from "@/api/error";
import { uuid } from "@/api/id";
import { clientId } from "@/api/socket";
import { type Change, Draft, type RecordChange } from "@/graph/change";
import type { Document } from "@/graph/document";
import { isObject } from "@/graph/json";
import { useDefs } from "../defs";
import { perform, useEditor } from "../editor";
import { useTabs } from "../persist/tabs";
import { setting } from "../settings";
import { savedNow } from "../versions/saved";
import { useRunBar } from "./bar";
import { convert, moveControls } from "./convert";
import { rememberJob } from "./last";
import { feed } from "./live";
import { noteSent } from "./local";
import { problemsOf } from "./problems";
import { sentOf } from "./sent";

export interface RunOptions {
  /** Addresses of the output nodes to run; all of them without. */
  readonly targets?: readonly string[];
  /** Before everything that waits. */
  readonly front?: boolean;
  readonly count?: number;
}

/** Workflows that have run since they were opened: only then do controls that act before a run act. */
const ran = new Set<string>();
let last: Promise<unknown> = Promise.resolve();

/** Queue the open workflow. Returns how many runs the server took; why it took fewer is in `useRunBar`. */
export function runGraph(options: RunOptions = {}): Promise<number> {
  // One after the other: each takes the seeds that the one before has left.
  const made = last.then(() => run(options));
  last = made.catch(() => undefined);
  return made;
}

async function run({ targets, front = false, count = 1 }: RunOptions): Promise<number> {
  const { docId, document } = useEditor.getState();
  if (docId === "") return 0; // nothing is open yet
  const name = nameOf(docId);
  const changes: Change[] = [];
  let current = document;
  let taken = 0;
  useRunBar.setState({ failure: null });
  feed.boards.setProblems(docId, "server", []);
  useRunBar.setState(({ sending }) => ({ sending: sending + 1 }));
  try {
    for (; taken < count; taken += 1) {
      const draft = new Draft(current);
      if (setting("control") === "before" && ran.has(docId)) moveControls(draft);
      await send(docId, name, draft.document, front, targets);
      ran.add(docId);
      if (setting("control") === "after") moveControls(draft);
      changes.push(...draft.changes);
      current = draft.document;
    }
  } catch (error) {
    useRunBar.setState({ failure: error instanceof ApiError ? error : unreachable(error) });
  } finally {
    useRunBar.setState(({ sending }) => ({ sending: sending - 1 }));
    keepControls(docId, document, changes);
  }
  return taken;
}

/** What the lists of runs call the workflow: its file, or what its tab says. */
function nameOf(docId: string): string | null {
  const tab = useTabs.getState().tabs.find((one) => one.docId === docId);
  return useEditor.getState().name ?? tab?.title ?? null;
}

async function send(
  doc: string,
  name: string | null,
  document: Document,
  front: boolean,
  targets: readonly string[] | undefined,
): Promise<void> {
  const { prompt, workflow } = convert(document, targets);
  const id = uuid();
  const isPart = targets !== undefined;
  const followed = feed.follow(id, doc, sentOf(prompt, useDefs.getState().defs, targets), { isPart });
  const preview = setting("preview");
  const saved = savedNow(doc);
  const editor = useEditor.getState();
  // The second of several runs has other seeds already.
  const modified = editor.docId !== doc || editor.saved !== document;
  const body = {
    prompt,
    prompt_id: id,
    client_id: clientId(),
    front,
    extra_data: {
      extra_pnginfo: { workflow },
      ...(name === null ? {} : { workflow_name: name }),
      ...(saved === null ? {} : { darkroom: { workflow: saved.workflow, version: saved.version, modified } }),
      ...(preview === "default" ? {} : { preview_method: preview }),
    },
    ...(targets === undefined ? {} : { partial_execution_targets: [...targets] }),
  };
  try {
    const accepted = await post(body);
    followed.isTaken = true;
    rememberJob(doc, id);
    noteSent(doc, document);
    feed.boards.setProblems(doc, "server", problemsOf(accepted));
  } catch (error) {
    feed.unfollow(id);
    noteSent(doc, document);
    if (error instanceof ApiError && isObject(error.body)) {
      feed.boards.setProblems(doc, "server", problemsOf(error.body));
    }
    throw error;
  }
}

const PAUSES = [300, 1200];

/** Send, and send again if no answer came: the key has the server take it once at most. */
async function post(body: Schemas["PromptBody"]): Promise<Schemas["PromptAccepted"]> {
  const params = { header: { "Idempotency-Key": uuid() } };
  for (const pause of PAUSES) {
    try {
      return await answer(api.POST("/prompt", { body, params }));
    } catch (error) {
      if (!(error instanceof ApiError) || !error.unreachable) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return answer(api.POST("/prompt", { body, params }));
}

/** Write the values the controls have led to as one step. What was edited meanwhile is left alone. */
function keepControls(docId: string, before: Document, changes: readonly Change[]): void {
  if (changes.length === 0 || useEditor.getState().docId !== docId) return;
  perform("steps:controls", (draft) => {
    for (const { graph, id, after } of changes.filter(isNodeChange)) {
      const now = draft.document.graphs.by[graph]?.nodes.by[id];
      const isUntouched = now === before.graphs.by[graph]?.nodes.by[id];
      const isOurs = changes.some((one) => isNodeChange(one) && one.after === now);
      if (now !== undefined && (isUntouched || isOurs)) draft.put(graph, "nodes", id, after);
    }
  });
}

function isNodeChange(change: Change): change is RecordChange<"nodes"> {
  return change.kind === "record" && change.table === "nodes";
}
