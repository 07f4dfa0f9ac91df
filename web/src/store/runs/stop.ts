/** Stopping runs. */
import { answer, api } from "@/api/client";
import { feed } from "./live";

/** Stop the run that shows, or else whatever runs. The server asks first and then ends the worker. */
export async function cancelCurrent(): Promise<void> {
  const own = [...feed.following.values()].find((job) => job.view.state === "running");
  await api.POST("/interrupt", { body: own === undefined ? {} : { prompt_id: own.id } });
}

export async function cancelJob(id: string): Promise<boolean> {
  const params = { path: { id } };
  const { cancelled } = await answer(api.POST("/api/jobs/{id}/cancel", { params }));
  return cancelled;
}

/** Take everything out of the queue that has not started. */
export async function clearPending(): Promise<void> {
  await api.POST("/queue", { body: { clear: true } });
}
