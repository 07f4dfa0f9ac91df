/** The workflows open in this page: opened, shown, closed, and kept so that none is ever lost. */
import type { Document } from "@/graph/document";
import { type Editor, EMPTY, useEditor, watchChanges } from "@/store/editor";
import { type Content, contentOf, type Hosts, NEW_PLACE, OpenDoc } from "./doc";
import type { Drafts } from "./drafts";
import type { Edit, Home } from "./entries";
import { randomId } from "./ids";
import { listOffers, listRecent } from "./lists";
import { type Loaded, loadFromServer, loadHere, put } from "./load";
import type { LockEvents, Locks } from "./locks";
import { tell } from "./notices";
import { OpenDocs } from "./openDocs";
import { Sharing } from "./sharing";
import type { DocRecord, Shelf } from "./shelf";
import { keepTail } from "./tail";

export interface Source {
  readonly document: Document;
  readonly name: string | null;
  readonly title: string | null;
  readonly home: Home | null;
  /** Whether it lies somewhere just as it is: on the server, or among the templates. */
  readonly isSaved: boolean;
  /** Whether the person has it in a file of their own: closing it untouched loses nothing. */
  readonly hasOriginal?: boolean;
}

export interface Services {
  readonly shelf: Shelf;
  readonly drafts: Drafts;
  readonly isForgetful: boolean;
  locks(events: LockEvents): Locks;
}

const LOCK_PAUSE_MS = 150;

export class Workspace {
  private readonly docs: OpenDocs;
  private readonly sharing: Sharing;
  private readonly locks: Locks;
  private readonly hosts: Hosts;

  constructor(private readonly services: Services) {
    this.docs = new OpenDocs(services.shelf);
    const start = this.start.bind(this);
    this.sharing = new Sharing(this.docs, services.shelf, () => this.locks, start);
    this.locks = services.locks(this.sharing);
    this.hosts = {
      ...services,
      changed: () => this.docs.publish(),
      parted: (doc, isOurs) => void this.sharing.part(doc, isOurs),
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
    return this.docs.active;
  }

  get(docId: string): OpenDoc | undefined {
    return this.docs.get(docId);
  }

  named(name: string): OpenDoc | undefined {
    return this.docs.all.find((doc) => doc.content.name === name);
  }

  /** Several tabs may show one workflow, each with edits of its own. */
  allNamed(name: string): readonly OpenDoc[] {
    return this.docs.all.filter((doc) => doc.content.name === name);
  }

  /** What this browser keeps of a workflow or file of this name. */
  async recordNamed(name: string): Promise<DocRecord | undefined> {
    const records = await this.services.shelf.records().catch((): DocRecord[] => []);
    return records.find((record) => record.name === name);
  }

  /** A workflow that was not open; takes the place of a new or example one that nobody touched. */
  open({ document, name, title, home, isSaved, hasOriginal = false }: Source): OpenDoc {
    const content = { name, document, saved: isSaved ? document : EMPTY, done: [], undone: [], path: [] };
    const doc = this.start(randomId(), content, title);
    doc.home = home;
    doc.savedTop = isSaved ? undefined : null;
    doc.hasOriginal = hasOriginal;
    doc.isWorthSending = !isSaved && !hasOriginal;
    const { active } = this;
    const isSpare = active?.isUntouched === true && !active.hasOriginal && !active.content.name;
    this.show(doc.docId);
    doc.journal?.snapshot();
    this.docs.write();
    if (isSpare) void this.close(active.docId);
    return doc;
  }

  private start(docId: string, content: Content, title: string | null): OpenDoc {
    const doc = new OpenDoc(docId, this.hosts, content);
    doc.title = title;
    this.docs.add(doc);
    this.locks.claim(docId);
    doc.keep({ ...NEW_PLACE, by: randomId() });
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
    this.docs.add(doc);
    put(doc, loaded, mayWrite);
    if (mayWrite) doc.catchUp();
    else this.locks.wait(docId);
    if (loaded.state.lost > 0) tell("warning", "files:notice.lostEntries", { count: loaded.state.lost });
  }

  show(docId: string): void {
    const doc = this.docs.get(docId);
    if (doc === undefined || useEditor.getState().docId === docId) {
      this.docs.publish();
      return;
    }
    this.active?.setAside();
    const { content } = doc;
    useEditor.setState({ docId, ...content, selection: new Set(), selectedGroups: new Set() });
    this.docs.publish();
  }

  /** Edits that are in no file stay as a draft. */
  async close(docId: string): Promise<void> {
    const doc = this.docs.get(docId);
    if (doc === undefined) return;
    const order = this.docs.ids;
    const neighbour = order[order.indexOf(docId) + 1] ?? order[order.indexOf(docId) - 1];
    const isActive = this.active === doc;
    doc.setAside();
    this.docs.remove(docId);
    if (isActive && neighbour !== undefined) this.show(neighbour);
    if (isActive && neighbour === undefined) this.open(NOTHING);
    this.docs.publish();
    await this.putAway(doc);
    await this.listRecent();
  }

  private async putAway(doc: OpenDoc): Promise<void> {
    const { docId, isElsewhere, isSaved, isUntouched } = doc;
    if (!isElsewhere && (isSaved || isUntouched)) {
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
        { name: doc.label },
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

  /** As `document` it lies on the server, under this name. */
  markSaved(doc: OpenDoc, name: string, home: Home, document: Document): void {
    doc.home = home;
    const { content } = doc;
    doc.savedTop = content.document === document ? content.done.at(-1) : null;
    doc.content = { ...content, name, saved: document };
    doc.journal?.snapshot();
    if (doc.isSaved) void doc.settle();
    this.docs.publish();
  }

  /** What is saved of it is the same, and goes on from elsewhere: on another branch. */
  rehome(doc: OpenDoc, home: Home): void {
    doc.home = home;
    doc.journal?.snapshot();
    this.docs.publish();
  }

  /** It has another name on the server now, or is there no more. */
  rename(doc: OpenDoc, name: string | null): void {
    const { content } = doc;
    if (name === null) {
      doc.title = content.name;
      doc.home = null;
      doc.savedTop = null;
    }
    doc.content = { ...content, name, saved: name === null ? EMPTY : content.saved };
    doc.journal?.snapshot();
    this.docs.publish();
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
    if (doc.isElsewhere) this.sharing.fork(doc, "files:notice.copiedElsewhere");
    else doc.wrote(edit);
    this.docs.writeSoon();
  }

  /** The page may be gone in a moment. */
  hide(): void {
    for (const doc of this.docs.all) {
      keepTail(doc.docId, doc.journal?.unwritten() ?? []);
      void doc.flush().then(() => doc.send());
    }
    this.docs.write();
  }

  /** The server can be reached again. */
  hurry(): void {
    for (const doc of this.docs.all) doc.hurry();
  }

  async listRecent(): Promise<void> {
    await listRecent(this.docs, this.services.shelf);
  }

  async listOffers(): Promise<void> {
    await listOffers(this.docs, this.services.shelf, this.services.drafts);
  }

  /** Somebody showed a workflow in the editor that was not opened through here: it is kept all the same. */
  private adopt(editor: Editor): void {
    const doc = this.start(editor.docId, contentOf(editor), null);
    doc.savedTop = doc.isSaved ? editor.done.at(-1) : null;
    doc.isWorthSending = !doc.isSaved;
    doc.journal?.snapshot();
    this.docs.publish();
  }

  private noticed(now: Editor, before: Editor): void {
    const { docId, path, name, document, saved } = now;
    if (docId !== before.docId) {
      if (docId !== "" && !this.docs.has(docId)) this.adopt(now);
      return;
    }
    if (path !== before.path) this.docs.writeSoon();
    if (name !== before.name || (document === saved) !== (before.document === before.saved))
      this.docs.publish();
  }
}

export const NOTHING: Source = { document: EMPTY, name: null, title: null, home: null, isSaved: true };
