/** Keeps what is being edited, here and on the server, and brings it back. */
import { useRuns } from "@/store/runs";
import { openShelf } from "./database";
import { serverDrafts } from "./drafts";
import { randomId } from "./ids";
import { tabLocks } from "./locks";
import { tell } from "./notices";
import { readSession } from "./session";
import { memoryShelf, type Shelf } from "./shelf";
import { useTabs } from "./tabs";
import { NOTHING, type Services, type Source, Workspace } from "./workspace";

let started: Workspace | null = null;

export function workspace(): Workspace {
  if (started === null) throw new Error("call startPersistence() first");
  return started;
}

/** Called once, before the canvas is shown: brings back what was open last, or else opens `first`. */
export async function startPersistence(first: () => Promise<Source> = demo): Promise<void> {
  if (started !== null) return;
  const shelf = await openShelf().catch(() => null);
  started = new Workspace(services(shelf));
  started.watch();
  listen(started);
  if (!(await reopen(started, shelf))) {
    const source = await first().catch(nothingBecause);
    // Somebody may have opened something while it was fetched.
    if (started.active === undefined) started.open(source);
    void offer(started);
  }
  await started.listRecent();
}

function services(shelf: Shelf | null): Services {
  const self = randomId();
  return {
    shelf: shelf ?? memoryShelf(),
    drafts: serverDrafts(),
    isForgetful: shelf === null,
    locks: (events) => tabLocks(self, events),
  };
}

/** The canvas is empty then, and works all the same. */
function nothingBecause(error: unknown): Source {
  tell("warning", "files:notice.noDemo", { reason: error instanceof Error ? error.message : String(error) });
  return NOTHING;
}

async function demo(): Promise<Source> {
  const { templateSource } = await import("@/store/files/sources");
  return templateSource("text_to_image");
}

function listen(work: Workspace): void {
  window.addEventListener("pagehide", () => work.hide());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") work.hide();
  });
  window.addEventListener("online", () => work.hurry());
  useRuns.subscribe((now, before) => {
    if (now.connection === "online" && before.connection !== "online") work.hurry();
  });
  // Only where neither this browser nor the server has it would closing the page lose anything.
  window.addEventListener("beforeunload", (event) => {
    const { tabs } = useTabs.getState();
    const atRisk = tabs.some((tab) => !tab.isSaved && tab.localTrouble !== "" && tab.server !== "kept");
    if (atRisk) event.preventDefault();
  });
}

/** Whether anything could be brought back. */
export async function reopen(work: Workspace, shelf: Shelf | null): Promise<boolean> {
  try {
    const { session, isOwn } = readSession();
    const wanted = session ?? { open: [], active: "" };
    for (const docId of wanted.open) await work.restore(docId, { isShown: false, ifFree: !isOwn });
    const shown = wanted.open.filter((docId) => work.get(docId) !== undefined);
    const newest = (await shelf?.records())?.find(({ isClosed }) => !isClosed)?.docId;
    for (const docId of [
      shown.includes(wanted.active) ? wanted.active : shown.at(-1),
      wanted.active,
      newest,
    ]) {
      if (docId !== undefined && docId !== "" && (await work.restore(docId)) !== null) return true;
    }
  } catch (error) {
    tell("error", "files:notice.cannotRestore", {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
  return false;
}

/** What was edited in another browser, for one that has nothing of its own. */
async function offer(work: Workspace): Promise<void> {
  await work.listOffers();
  useTabs.setState(({ offers }) => ({ isOffering: offers.length > 0 }));
}
