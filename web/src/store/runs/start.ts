/** Everything about runs that goes on by itself, started once by the page. */
import { useEditor } from "../editor";
import { watchForAutoQueue } from "./auto";
import { useRunBar } from "./bar";
import { connect, feed } from "./live";
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
  watchForPlans();
  watchForAutoQueue();
  connect();
}

function show(doc: string): void {
  feed.boards.publish();
  if (doc !== "") void restoreLast(doc);
}

function showProgress(): void {
  const jobs = [...feed.following.values()];
  const running = jobs.find((job) => job.view.state === "running");
  const progress = running?.view.progressed ?? null;
  const shown = useRunBar.getState();
  const same = progress?.[0] === shown.progress?.[0] && progress?.[1] === shown.progress?.[1];
  if (shown.ours !== jobs.length || !same) useRunBar.setState({ ours: jobs.length, progress });
}
