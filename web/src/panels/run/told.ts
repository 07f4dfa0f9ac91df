/** Has a person hear of what went wrong with something they asked for. */
import i18next from "i18next";
import { ApiError, unreachable } from "@/api/error";
import { useRuns } from "@/store/runs";
import { useRunBar } from "@/store/runs/bar";
import { showPanel } from "@/store/shell";
import { notify } from "./notify";

/** Waits for it; an error is shown, and goes no further. */
export async function told(action: Promise<unknown>): Promise<void> {
  try {
    await action;
    const { failure } = useRunBar.getState();
    if (failure !== null) tell(failure);
  } catch (error) {
    tell(error instanceof ApiError ? error : unreachable(error));
  }
}

/** One notification for each kind of failure, not one for each press. */
export function tell(failure: ApiError): void {
  const problems = useRuns.getState().problems.filter((one) => one.origin === "server").length;
  const refused = failure.status === 400 && problems > 0;
  const key = `problems:request.${failure.code}`;
  const id = `failure-${failure.code}`;
  notify({
    id,
    color: "red",
    title: refused ? i18next.t("run:refused", { count: problems }) : title(failure, key),
    message: refused ? i18next.t("run:seeProblems") : failure.message,
    autoClose: failure.unreachable ? 15_000 : 8_000,
    ...(refused ? { onClick: () => showPanel("problems") } : {}),
  });
}

function title(failure: ApiError, key: string): string {
  return i18next.exists(key) ? i18next.t(key) : i18next.t("run:failed", { code: failure.code });
}
