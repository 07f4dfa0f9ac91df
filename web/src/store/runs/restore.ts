/** The last run of a workflow, shown again when the workflow is opened in a page that does not know it. */
import { answer, api, type Schemas, serverUrl } from "@/api/client";
import { clientId } from "@/api/socket";
import { isObject } from "@/graph/json";
import { useEditor } from "../editor";
import { eventsOfRecord } from "./events";
import type { FollowedJob } from "./feed";
import { lastJobOf, rememberJob } from "./last";
import { feed } from "./live";
import { sentOf } from "./sent";
import type { Sent } from "./view";

export async function restoreLast(doc: string): Promise<void> {
  const id = lastJobOf(doc);
  if (id === null || feed.boards.of(doc).view !== null || feed.following.has(id)) return;
  try {
    const params = { path: { id } };
    const job = await answer(api.GET("/api/v1/jobs/{id}", { params }));
    if (feed.boards.of(doc).view !== null) return;
    const isPast = job.status !== "pending" && job.status !== "in_progress";
    const followed = feed.follow(id, doc, sentIn(job), { retold: true, isPast });
    if (isPast) await feed.conclude(followed);
    else if (job.client_id !== clientId()) follow(followed);
    else {
      // With its times, which messages that are told again do not have.
      await feed.catchUp(followed);
      feed.resume(id);
    }
  } catch {
    // The server has forgotten the job, or is away: the workflow opens without states.
  }
}

/** Show on the open workflow what this run of it did. */
export async function showRun(id: string): Promise<void> {
  const { docId } = useEditor.getState();
  rememberJob(docId, id);
  await restoreLast(docId);
}

function sentIn({ workflow }: Pick<Schemas["JobRecord"], "workflow">): Sent {
  return sentOf(workflow.prompt, new Map(), Object.keys(workflow.prompt));
}

/** Its messages go to the tab that sent it, which is closed: read the server's own events instead. */
function follow(job: FollowedJob): void {
  const source = new EventSource(`${serverUrl()}/api/v1/jobs/${encodeURIComponent(job.id)}/events`);
  const take = (event: MessageEvent<string>) => {
    const record: unknown = JSON.parse(event.data);
    if (!isObject(record)) return;
    const at = typeof record["time"] === "number" ? record["time"] * 1000 : null;
    feed.take(job, eventsOfRecord(record), at);
    if (record["type"] !== "run_finished") return;
    source.close();
    feed.take(job, [{ kind: "end" }], at);
  };
  for (const type of RECORDS) source.addEventListener(type, take);
}

const RECORDS = [
  "run_started",
  "run_cached",
  "node_started",
  "node_progress",
  "node_finished",
  "node_blocked",
  "node_warned",
  "node_failed",
  "run_finished",
];
