/** Which workflows this page has open, for when it is loaded again. */
import { isObject } from "@/graph/json";

export interface Session {
  readonly open: readonly string[];
  readonly active: string;
}

const KEY = "darkroom:open";

/** Of this tab; in a new tab, of the one that was used last: then it is not its own. */
export function readSession(): { readonly session: Session | null; readonly isOwn: boolean } {
  const own = read(globalThis.sessionStorage);
  return own === null
    ? { session: read(globalThis.localStorage), isOwn: false }
    : { session: own, isOwn: true };
}

export function keepSession(session: Session): void {
  for (const storage of [globalThis.sessionStorage, globalThis.localStorage]) {
    try {
      storage?.setItem(KEY, JSON.stringify(session));
    } catch {
      // Storage is forbidden: the workflow edited last is opened then.
    }
  }
}

function read(storage: Storage | undefined): Session | null {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(KEY) ?? "null");
    if (!isObject(kept) || !Array.isArray(kept["open"]) || typeof kept["active"] !== "string") return null;
    return { open: kept["open"].filter((id) => typeof id === "string"), active: kept["active"] };
  } catch {
    return null;
  }
}
