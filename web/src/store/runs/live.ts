/** The feed of this page and the stream that fills it. */
import { answer, api } from "@/api/client";
import type { Message } from "@/api/messages";
import { type EventStream, openStream } from "@/api/socket";
import { isObject, type JsonObject } from "@/graph/json";
import { useEditor } from "../editor";
import { useRuns } from "../runs";
import { Feed } from "./feed";

let stream: EventStream | null = null;

export const feed = new Feed({
  now: Date.now,
  nextFrame,
  records,
  resume: (job, after) => stream?.resume(job, after),
  open: () => useEditor.getState().docId,
});

const HIDDEN_PAUSE = 250;

/** Hidden tabs draw no frames, but their state goes on. */
function nextFrame(action: () => void): void {
  if (document.hidden) setTimeout(action, HIDDEN_PAUSE);
  else requestAnimationFrame(action);
}

async function records(job: string): Promise<JsonObject[]> {
  const { events } = await answer(api.GET("/api/v1/jobs/{id}/events", { params: { path: { id: job } } }));
  return events.filter(isObject);
}

const heard = new Set<(message: Message) => void>();

/** Hears of messages that concern no job, such as `status` and those of packs; returns how to stop. */
export function onMessage(action: (message: Message) => void): () => void {
  heard.add(action);
  return () => heard.delete(action);
}

/** Open the stream, once. */
export function connect(): void {
  stream ??= openStream({
    message(message) {
      feed.message(message);
      if (message.type === "status") noteRemaining(message.data);
      for (const action of heard) action(message);
    },
    preview: (preview) => feed.preview(preview),
    connection(connection) {
      if (connection === "online") feed.reconnected();
      if (useRuns.getState().connection !== connection) useRuns.setState({ connection });
    },
    positions: () => feed.positions(),
  });
}

function noteRemaining(data: JsonObject): void {
  const status = isObject(data["status"]) ? data["status"]["exec_info"] : null;
  const remaining = isObject(status) ? status["queue_remaining"] : null;
  if (typeof remaining === "number") useRuns.setState({ remaining });
}
