/** Where an open workflow lies among the versions. */
import { type Tab, useTabs } from "@/store/persist/tabs";
import type { Saved } from "./types";

/** Null for what was never committed. With `isSaved` of the tab, whether it has been edited since. */
export function savedOf(tab: Tab | undefined): Saved | null {
  if (tab?.name == null || tab.home?.kind !== "version") return null;
  const { branch, version, number } = tab.home;
  return { workflow: tab.name, branch, version, number };
}

export function savedNow(docId: string = useTabs.getState().active): Saved | null {
  return savedOf(useTabs.getState().tabs.find((tab) => tab.docId === docId));
}
