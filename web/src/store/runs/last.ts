/** The last job of each workflow, so that a page that is loaded again shows what it did. */
import { isObject } from "@/graph/json";

const KEPT = "darkroom:last-jobs";
const MOST = 100;

function read(): Record<string, string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    if (!isObject(kept)) return {};
    return Object.fromEntries(
      Object.entries(kept).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  } catch {
    return {};
  }
}

export function lastJobOf(doc: string): string | null {
  return read()[doc] ?? null;
}

export function rememberJob(doc: string, job: string): void {
  const { [doc]: _, ...others } = read();
  const kept = [...Object.entries(others), [doc, job]].slice(-MOST);
  try {
    localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // Without storage a reload forgets which run was shown; the history has it.
  }
}
