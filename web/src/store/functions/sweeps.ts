/** Sweeps on the server: many runs of a function, as a grid of pictures and a table. */
import { answer, api, type Schemas } from "@/api/client";
import { uuid } from "@/api/id";

export type Sweep = Schemas["SweepRecord"];
export type SweepItem = Schemas["SweepItemRecord"];
export type SweepSummary = Schemas["SweepSummary"];

export function isSettled({ status }: Pick<Sweep, "status">): boolean {
  return status !== "running";
}

/** Start one; returns its id. An `ApiError` of code `invalid_inputs` has `problems` in its body. */
export async function startSweep(reference: string, body: Schemas["SweepBody"]): Promise<string> {
  const params = { path: { name: reference }, header: { "Idempotency-Key": uuid() } };
  return (await answer(api.POST("/api/v1/workflows/{name}/sweeps", { params, body }))).id;
}

/** The first `limit` runs of it. */
export async function readSweep(id: string, limit: number): Promise<Sweep> {
  const params = { path: { id }, query: { limit: String(limit) } };
  return answer(api.GET("/api/v1/sweeps/{id}", { params }));
}

/** Of one workflow, the newest first. */
export async function listSweeps(workflow: string): Promise<readonly SweepSummary[]> {
  const params = { query: { workflow, limit: "10" } };
  return (await answer(api.GET("/api/v1/sweeps", { params }))).sweeps;
}

/** What has not begun does not begin; what was made stays. */
export async function cancelSweep(id: string): Promise<void> {
  await api.DELETE("/api/v1/sweeps/{id}", { params: { path: { id } } });
}
