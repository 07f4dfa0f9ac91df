/** Opening whatever a source gives, and saying what is wrong if it gives nothing. */
import { ApiError } from "@/api/error";
import { FormatError } from "@/graph/formats/finding";
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { showReport } from "@/store/report";
import type { FoundSource } from "./sources";

/** Shows what `find` resolves to; null is shown already. Resolves to whether anything is. */
export async function attempt(label: string, find: () => Promise<FoundSource | null>): Promise<boolean> {
  try {
    const found = await find();
    if (found === null) return true;
    const doc = workspace().open(found);
    const { findings } = found;
    showReport(findings.length === 0 ? null : { docId: doc.docId, source: label, findings });
    return true;
  } catch (error) {
    sayWhy(label, error);
    return false;
  }
}

export function sayWhy(name: string, error: unknown): void {
  if (error instanceof FormatError)
    tell("error", `formats:error.${error.code}`, error.params, { title: name });
  else if (error instanceof ApiError && error.unreachable)
    tell("error", "files:notice.unreachable", { name });
  else if (error instanceof ApiError && error.status === 404)
    tell("error", "files:notice.notThere", { name });
  else
    tell("error", "files:notice.failed", {
      name,
      reason: error instanceof Error ? error.message : String(error),
    });
}
