/** Everything about runs that goes on by itself, started once by the page. */
import { useEditor } from "../editor";
import { watchForAutoQueue } from "./auto";
import { type Progress, useRunBar } from "./bar";
import { followHistory } from "./history";
import { connect, feed } from "./live";
import { watchForProblems } from "./local";
import { watchForPlans } from "./plan";
import { followQueue } from "./queue";
import { restoreLast } from "./restore";

let isStarted = false;

export function startRuns(): void {
  if (isStarted) return;
  isStarted = true;
  useEditor.subscribe((now, before) => {
    if (now.docId !== before.docId) show(now.docId);
  });
  show(useEditor.getState().docId);
  feed.onMove(showProgress);
  feed.onEnd(showProgress);
  followQueue();
  followHistory();
  watchForProblems();
  watchForPlans();
  watchForAutoQueue();
  connect();
}

function show(doc: string): void {
  feed.boards.publish();
  if (doc !== "") void restoreLast(doc);
}

function showProgress(): void {
  const running: Record<string, Progress> = {};
  for (const { id, doc, view } of feed.following.values()) {
    if (view.state !== "running") continue;
    const [done, all] = view.progressed;
    running[id] = { doc, done, all, node: view.current };
  }
  const shown = useRunBar.getState();
  const ours = feed.following.size;
  // Compared as text: a handful of small records, once a frame.
  if (shown.ours === ours && JSON.stringify(shown.running) === JSON.stringify(running)) return;
  useRunBar.setState({ ours, running });
}
