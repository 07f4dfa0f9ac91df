/** Workflows that are kept but not open. */
import type { Drafts } from "./drafts";
import type { OpenDocs } from "./openDocs";
import type { DocRecord, Shelf } from "./shelf";
import { useTabs } from "./tabs";

/** Workflows with unsaved edits that are kept after they were closed. */
const KEPT_CLOSED = 100;

/** In this browser: those with unsaved edits. */
export async function listRecent(docs: OpenDocs, shelf: Shelf): Promise<void> {
  const records = await shelf.records().catch((): DocRecord[] => []);
  const others = records.filter(({ docId }) => !docs.has(docId));
  useTabs.setState({ recent: others.slice(0, KEPT_CLOSED).filter(({ isSaved }) => !isSaved) });
  for (const { docId, isClosed } of others.slice(KEPT_CLOSED)) if (isClosed) await shelf.remove(docId);
}

/** On the server: those this browser does not have. */
export async function listOffers(docs: OpenDocs, shelf: Shelf, drafts: Drafts): Promise<void> {
  const [found, records] = await Promise.all([
    drafts.list().catch(() => []),
    shelf.records().catch((): DocRecord[] => []),
  ]);
  const known = new Set([...docs.ids, ...records.map(({ docId }) => docId)]);
  const offers = found.filter(({ id, revision }) => revision > 0 && !known.has(id));
  useTabs.setState({ offers: offers.sort((a, b) => b.updated - a.updated) });
}
