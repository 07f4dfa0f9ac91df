/** The graph and the times of a job, asked for once: jobs that have ended do not change. */
import { answer, api } from "@/api/client";
import { isObject, type JsonObject } from "@/graph/json";

export interface JobDetail {
  readonly id: string;
  readonly prompt: JsonObject;
  readonly name: string | null;
  readonly seconds: number | null;
  readonly ended: number | null;
  /** By node: where its result came from and what it took. */
  readonly nodes: JsonObject;
}

const MOST = 100;
const known = new Map<string, Promise<JobDetail | null>>();

/** Null if the server does not have it any more. */
export function jobDetail(id: string): Promise<JobDetail | null> {
  const asked = known.get(id);
  if (asked !== undefined) return asked;
  const made = ask(id).catch(() => {
    known.delete(id);
    return null;
  });
  known.set(id, made);
  const [oldest] = known.keys();
  if (known.size > MOST && oldest !== undefined) known.delete(oldest);
  return made;
}

async function ask(id: string): Promise<JobDetail> {
  const job = await answer(api.GET("/api/v1/jobs/{id}", { params: { path: { id } } }));
  const { execution_start_time: start, execution_end_time: end, workflow, nodes } = job;
  return {
    id,
    prompt: isObject(workflow.prompt) ? workflow.prompt : {},
    name: job.name ?? null,
    seconds: start && end ? (end - start) / 1000 : null,
    ended: end ?? null,
    nodes: isObject(nodes) ? nodes : {},
  };
}
