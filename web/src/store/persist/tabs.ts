/** The workflows open in this page, and how well each is kept. For tabs, banners and lists. */
import { create } from "zustand";
import type { DraftInfo } from "./drafts";
import type { Home } from "./entries";
import type { DocRecord } from "./shelf";
import type { SyncState } from "./sync";

export interface Tab {
  readonly docId: string;
  readonly name: string | null;
  readonly title: string | null;
  readonly home: Home | null;
  readonly isSaved: boolean;
  /** Another tab edits it: what is changed here becomes a copy. */
  readonly isElsewhere: boolean;
  /** Why this browser does not keep it; empty if it does. */
  readonly localTrouble: "" | "full" | "off" | "failed";
  readonly server: SyncState;
  readonly serverDetail: string;
}

export interface Tabs {
  readonly tabs: readonly Tab[];
  readonly active: string;
  /** Workflows with unsaved edits that no tab of this page shows, the newest first. */
  readonly recent: readonly DocRecord[];
  /** Drafts the server has and this browser has not. */
  readonly offers: readonly DraftInfo[];
  /** Whether the offers are to be shown without being asked for: this browser has nothing of its own. */
  readonly isOffering: boolean;
}

export const useTabs = create<Tabs>(() => ({
  tabs: [],
  active: "",
  recent: [],
  offers: [],
  isOffering: false,
}));

export function activeTab(state: Tabs = useTabs.getState()): Tab | undefined {
  return state.tabs.find((tab) => tab.docId === state.active);
}
