/** The workflows open in this page: opened, shown, closed, and kept so that none is ever lost. */
import i18next from "i18next";
import type { Document } from "@/graph/document";
import { type Editor, EMPTY, useEditor, watchChanges } from "@/store/editor";
import { type Content, type Hosts, OpenDoc } from "./doc";
import type { Drafts } from "./drafts";
import type { Edit, FileStamp } from "./entries";
import { randomId } from "./ids";
import { type Loaded, loadFromServer, loadHere, put } from "./load";
import type { LockEvents, Locks } from "./locks";
import { tell } from "./notices";
import { keepSession } from "./session";
import type { DocRecord, Shelf } from "./shelf";
import { useTabs } from "./tabs";
import { keepTail } from "./tail";

export interface Source {
  readonly document: Document;
  readonly name: string | null;
  readonly title: string | null;
  readonly file: FileStamp | null;
  /** Whether it lies somewhere just as it is: in a file of the server, or among the templates. */
  readonly isSaved: boolean;
}

export interface Services {
  readonly shelf: Shelf;
  readonly drafts: Drafts;
  readonly isForgetful: boolean;
  locks(events: LockEvents): Locks;
}

/** Workflows with unsaved edits that are kept after they were closed. */
const KEPT_CLOSED = 100;
const RECORD_MS = 300;
const LOCK_PAUSE_MS = 150;

export class Workspace {
  private readonly docs = new Map<string, OpenDoc>();
  private readonly locks: Locks;
  private readonly hosts: Hosts;
  private recordTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly services: Services) {
    this.locks = services.locks({
      granted: (docId) => void this.regain(docId),
      asked: (docId) => this.handOver(docId),
      lost: (docId) => this.leave(docId),
    });
    this.hosts = {
      ...services,
      changed: () => this.publish(),
      parted: (doc, isOurs) => void this.partWays(doc, isOurs),
    };
  }

  /** Hears of every edit from now on; returns how to stop. */
  watch(): () => void {
    const ends = [
      watchChanges((changes, label, how) => this.edited({ changes, label, how })),
      useEditor.subscribe((now, before) => this.noticed(now, before)),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  get active(): OpenDoc | undefined {
    return this.docs.get(useEditor.getState().docId);
  }

  get(docId: string): OpenDoc | undefined {
    return this.docs.get(docId);
  }

  named(name: string): OpenDoc | undefined {
    return [...this.docs.values()].find((doc) => doc.content.name === name);
  }

  /** What this browser keeps of a file. */
  async recordNamed(name: string): Promise<DocRecord | undefined> {
    const records = await this.services.shelf.records().catch((): DocRecord[] => []);
    return records.find((record) => record.name === name);
  }

  /** A workflow that was not open; takes the place of one that nobody touched. */
  open({ document, name, title, file, isSaved }: Source): OpenDoc {
    const content = { name, document, saved: isSaved ? document : EMPTY, done: [], undone: [], path: [] };
    const doc = this.start(randomId(), content, title);
    doc.file = file;
    doc.savedTop = isSaved ? undefined : null;
    doc.isWorthSending = !isSaved;
    const replaced = this.active?.isUntouched === true && !this.active.content.name ? this.active : undefined;
    this.show(doc.docId);
    doc.journal?.snapshot();
    this.writeRecords();
    if (replaced !== undefined) void this.close(replaced.docId);
    return doc;
  }

  private start(docId: string, content: Content, title: string | null): OpenDoc {
    const doc = new OpenDoc(docId, this.hosts, content);
    doc.title = title;
    this.docs.set(docId, doc);
    this.locks.claim(docId);
    doc.keep({ by: randomId(), seq: 0, snapshot: 0, synced: { revision: 0, seq: 0 } });
    return doc;
  }

  /** One that was written down earlier. Null if nothing of it is left, or `ifFree` and another tab has it. */
  async restore(
    docId: string,
    { isShown = true, fromServer = false, ifFree = false } = {},
  ): Promise<OpenDoc | null> {
    if (!this.docs.has(docId)) {
      const asked = this.restoring.get(docId) ?? this.fetch(docId, fromServer, ifFree);
      this.restoring.set(docId, asked);
      await asked.finally(() => this.restoring.delete(docId));
    }
    if (isShown) this.show(docId);
    return this.docs.get(docId) ?? null;
  }
  private readonly restoring = new Map<string, Promise<void>>();

  private async fetch(docId: string, fromServer: boolean, ifFree: boolean): Promise<void> {
    const mayWrite = await this.hold(docId);
    const { shelf, drafts } = this.services;
    try {
      if (ifFree && !mayWrite) return;
      const loaded = await (fromServer ? loadFromServer(drafts, docId) : loadHere(shelf, docId, mayWrite));
      if (loaded !== null) this.place(docId, loaded, mayWrite);
    } finally {
      if (!this.docs.has(docId)) this.locks.release(docId);
    }
  }

  /** Asks twice: a page that is just being loaded again may still hold it. */
  private async hold(docId: string): Promise<boolean> {
    if (await this.locks.hold(docId)) return true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
    return this.locks.hold(docId);
  }

  private place(docId: string, loaded: Loaded, mayWrite: boolean): void {
    const { name, document, done, undone } = loaded.state;
    const content = { name, document, saved: EMPTY, done, undone, path: [] };
    const doc = new OpenDoc(docId, this.hosts, content);
    this.docs.set(docId, doc);
    put(doc, loaded, mayWrite);
    if (mayWrite) doc.catchUp();
    else this.locks.wait(docId);
    if (loaded.state.lost > 0) tell("warning", "files:notice.lostEntries", { count: loaded.state.lost });
  }

  show(docId: string): void {
    const doc = this.docs.get(docId);
    if (doc === undefined || useEditor.getState().docId === docId) {
      this.publish();
      return;
    }
    this.active?.setAside();
    const { content } = doc;
    useEditor.setState({ docId, ...content, selection: new Set(), selectedGroups: new Set() });
    this.publish();
  }

  /** Edits that are in no file stay as a draft. */
  async close(docId: string): Promise<void> {
    const doc = this.docs.get(docId);
    if (doc === undefined) return;
    const order = [...this.docs.keys()];
    const neighbour = order[order.indexOf(docId) + 1] ?? order[order.indexOf(docId) - 1];
    const isActive = this.active === doc;
    doc.setAside();
    this.docs.delete(docId);
    if (isActive && neighbour !== undefined) this.show(neighbour);
    if (isActive && neighbour === undefined) this.open(NOTHING);
    this.publish();
    await this.putAway(doc);
    await this.listRecent();
  }

  private async putAway(doc: OpenDoc): Promise<void> {
    const { docId, isElsewhere, isSaved } = doc;
    if (!isElsewhere && isSaved) {
      await doc.end();
      await doc.dropDraft().catch(() => undefined);
      await this.services.shelf.remove(docId).catch(() => undefined);
    } else if (!isElsewhere) {
      await doc.flush();
      await this.services.shelf.putRecord({ ...doc.record, isClosed: true }).catch(() => undefined);
      doc.send();
      tell(
        "info",
        "files:notice.keptAsDraft",
        { name: labelOf(doc) },
        { action: { key: "files:notice.reopen", run: () => void this.restore(docId) } },
      );
    }
    this.locks.release(docId);
  }

  /** Throws a draft away for good. False if another tab has it open. */
  async discard(docId: string): Promise<boolean> {
    if (this.docs.has(docId) || !(await this.hold(docId))) return false;
    await this.services.shelf.remove(docId).catch(() => undefined);
    await this.services.drafts.remove(docId).catch(() => undefined);
    this.locks.release(docId);
    await this.listRecent();
    return true;
  }

  /** It lies in the file `name` as it is now. */
  markSaved(doc: OpenDoc, name: string, file: FileStamp, document: Document): void {
    doc.file = file;
    const { content } = doc;
    doc.savedTop = content.document === document ? content.done.at(-1) : null;
    doc.content = { ...content, name, saved: document };
    doc.journal?.snapshot();
    if (doc.isSaved) void doc.settle();
    this.publish();
  }

  /** Its file has another name now, or none any more. */
  rename(doc: OpenDoc, name: string | null): void {
    const { content } = doc;
    if (name === null) {
      doc.title = content.name;
      doc.file = null;
      doc.savedTop = null;
    }
    doc.content = { ...content, name, saved: name === null ? EMPTY : content.saved };
    doc.journal?.snapshot();
    this.publish();
  }

  /** Edit it here; the tab that has it now hands it over. */
  takeOver(docId: string): void {
    this.locks.takeOver(docId);
  }

  private edited(edit: Edit): void {
    const doc = this.active;
    if (doc === undefined) return;
    const { done, document, saved } = useEditor.getState();
    // Undone or redone to where it was saved: what is there is what lies in the file.
    if (edit.how !== "do" && doc.savedTop !== null && done.at(-1) === doc.savedTop && saved !== document) {
      useEditor.setState({ saved: document });
    }
    if (doc.isElsewhere) this.fork(doc, "files:notice.copiedElsewhere");
    else doc.wrote(edit);
    this.scheduleRecords();
  }

  /** Goes on as a workflow of its own, under a new id and without a file. */
  private fork(doc: OpenDoc, why: string): OpenDoc {
    const { content } = doc;
    const isActive = this.active === doc;
    const name = labelOf(doc);
    const before = [...this.docs];
    const title = name === "" ? null : i18next.t("files:copyOf", { name });
    const copy = this.start(randomId(), { ...content, name: null, saved: EMPTY }, title);
    this.docs.clear();
    for (const [id, other] of before)
      this.docs.set(id === doc.docId ? copy.docId : id, id === doc.docId ? copy : other);
    if (isActive) useEditor.setState({ docId: copy.docId, name: null, saved: EMPTY });
    doc.drop();
    this.locks.release(doc.docId);
    copy.isWorthSending = true;
    copy.journal?.snapshot();
    this.writeRecords();
    tell("warning", why, { name });
    this.publish();
    return copy;
  }

  private async partWays(doc: OpenDoc, isOurs: boolean): Promise<void> {
    if (this.docs.get(doc.docId) !== doc) return;
    const copy = this.fork(doc, isOurs ? "files:notice.copiedConflict" : "files:notice.copiedElsewhere");
    await copy.flush();
    // The copy has all of it; under the old id there is what the others made.
    if (isOurs && copy.tab.localTrouble === "")
      await this.services.shelf.remove(doc.docId).catch(() => undefined);
  }

  /** The tab that had it let go: go on from what it wrote last. */
  private async regain(docId: string): Promise<void> {
    const doc = this.docs.get(docId);
    if (doc === undefined) return this.locks.release(docId);
    const loaded = await loadHere(this.services.shelf, docId, true).catch(() => null);
    if (this.docs.get(docId) !== doc) return;
    if (loaded === null) {
      // It was saved and closed over there; here it starts anew.
      doc.keep({ by: randomId(), seq: 0, snapshot: 0, synced: { revision: 0, seq: 0 } });
      doc.journal?.snapshot();
    } else {
      put(doc, loaded, true);
    }
    tell("info", "files:notice.editedHere", { name: labelOf(doc) });
    this.publish();
  }

  private async handOver(docId: string): Promise<void> {
    const doc = this.docs.get(docId);
    await doc?.flush();
    if (doc !== undefined) await this.services.shelf.putRecord(doc.record).catch(() => undefined);
  }

  private leave(docId: string): void {
    const doc = this.docs.get(docId);
    if (doc === undefined) return;
    doc.drop();
    this.locks.wait(docId);
    this.publish();
  }

  /** The page may be gone in a moment. */
  hide(): void {
    for (const doc of this.docs.values()) {
      keepTail(doc.docId, doc.journal?.unwritten() ?? []);
      void doc.flush().then(() => doc.send());
    }
    this.writeRecords();
  }

  /** The server can be reached again. */
  hurry(): void {
    for (const doc of this.docs.values()) doc.hurry();
  }

  async listRecent(): Promise<void> {
    const records = await this.services.shelf.records().catch((): DocRecord[] => []);
    const others = records.filter(({ docId }) => !this.docs.has(docId));
    const [recent, old] = [others.slice(0, KEPT_CLOSED), others.slice(KEPT_CLOSED)];
    useTabs.setState({ recent: recent.filter(({ isSaved }) => !isSaved) });
    for (const { docId, isClosed } of old) if (isClosed) await this.services.shelf.remove(docId);
  }

  /** The server's drafts that this browser does not have. */
  async listOffers(): Promise<void> {
    const [drafts, records] = await Promise.all([
      this.services.drafts.list().catch(() => []),
      this.services.shelf.records().catch(() => []),
    ]);
    const known = new Set([...this.docs.keys(), ...records.map(({ docId }) => docId)]);
    const offers = drafts.filter(({ id, revision }) => revision > 0 && !known.has(id));
    useTabs.setState({ offers: offers.sort((a, b) => b.updated - a.updated) });
  }

  private noticed(now: Editor, before: Editor): void {
    const { docId, path, name, document, saved } = now;
    if (docId !== before.docId) return;
    if (path !== before.path) this.scheduleRecords();
    if (name !== before.name || (document === saved) !== (before.document === before.saved)) this.publish();
  }

  private publish(): void {
    const { docId } = useEditor.getState();
    useTabs.setState({ tabs: [...this.docs.values()].map((doc) => doc.tab), active: docId });
    keepSession({ open: [...this.docs.keys()], active: docId });
    this.scheduleRecords();
  }

  private scheduleRecords(): void {
    this.recordTimer ??= setTimeout(() => this.writeRecords(), RECORD_MS);
  }

  private writeRecords(): void {
    clearTimeout(this.recordTimer);
    this.recordTimer = undefined;
    for (const doc of this.docs.values()) {
      if (!doc.isElsewhere) void this.services.shelf.putRecord(doc.record).catch(() => undefined);
    }
  }
}

export const NOTHING: Source = { document: EMPTY, name: null, title: null, file: null, isSaved: true };

export function labelOf(doc: OpenDoc): string {
  return doc.content.name ?? doc.title ?? "";
}
