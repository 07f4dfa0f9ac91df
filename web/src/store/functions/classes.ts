/** Published workflows as node classes: those of older releases are fetched when a workflow needs them. */
import { create } from "zustand";
import { serverUrl } from "@/api/client";
import { type Defs, type NodeDef, readDef } from "@/graph/defs";
import { compareReleases, pinnedOf } from "@/graph/functions/upgrade";
import { isObject } from "@/graph/json";
import { useDefs } from "../defs";
import { useMissing } from "../missing";

/** The class of a published workflow; null if the server has no such release. */
export async function loadClass(type: string): Promise<NodeDef | null> {
  const known = useDefs.getState().defs.get(type);
  if (known !== undefined) return known;
  const answer = await fetch(`${serverUrl()}/object_info/${encodeURIComponent(type)}`);
  if (!answer.ok) return null;
  const info: unknown = await answer.json();
  const entry = isObject(info) ? info[type] : undefined;
  if (!isObject(entry)) return null;
  const def = readDef(type, entry);
  useDefs.setState(({ defs }) => ({ defs: new Map(defs).set(type, def) }));
  return def;
}

/** Fetches the releases that the open workflow pins and the list of classes leaves out. */
export function watchWorkflowClasses(): void {
  const asked = new Set<string>();
  useDefs.subscribe((now, before) => {
    // Asked for anew with each list: a release may have come.
    if (now.defs.size < before.defs.size || now.status !== before.status) asked.clear();
  });
  useMissing.subscribe(({ classes }) => {
    for (const { type } of classes) {
      if (pinnedOf(type) === null || asked.has(type)) continue;
      asked.add(type);
      // A server that cannot be reached leaves the node marked as missing.
      loadClass(type).catch(() => asked.delete(type));
    }
  });
}

/** The newest release of each published workflow among the classes. */
export function newestReleases(defs: Defs): ReadonlyMap<string, string> {
  const known = NEWEST.get(defs);
  if (known !== undefined) return known;
  const found = new Map<string, string>();
  for (const type of defs.keys()) {
    const pinned = pinnedOf(type);
    if (pinned === null) continue;
    const other = found.get(pinned.name);
    if (other === undefined || compareReleases(pinned.release, other) > 0)
      found.set(pinned.name, pinned.release);
  }
  NEWEST.set(defs, found);
  return found;
}
const NEWEST = new WeakMap<Defs, ReadonlyMap<string, string>>();

/** The node whose release is to be changed, while somebody thinks about it. */
export const useUpgrade = create<{
  readonly asked: { readonly graph: string; readonly node: string } | null;
}>(() => ({
  asked: null,
}));

export function askUpgrade(graph: string, node: string): void {
  useUpgrade.setState({ asked: { graph, node } });
}
