/** What happens to an open workflow when another tab, or another browser, has it too. */
import i18next from "i18next";
import { EMPTY, useEditor } from "@/store/editor";
import { type Content, NEW_PLACE, type OpenDoc } from "./doc";
import { randomId } from "./ids";
import { loadHere, put } from "./load";
import type { LockEvents, Locks } from "./locks";
import { tell } from "./notices";
import type { OpenDocs } from "./openDocs";
import type { Shelf } from "./shelf";

export class Sharing implements LockEvents {
  constructor(
    private readonly docs: OpenDocs,
    private readonly shelf: Shelf,
    private readonly locks: () => Locks,
    private readonly start: (docId: string, content: Content, title: string | null) => OpenDoc,
  ) {}

  granted(docId: string): void {
    void this.regain(docId);
  }

  /**
   * Goes on under an id of its own. A version stays the one it is based on: whoever saves second is told, and both
   * are kept. A file has no history that could tell, so it goes on without one.
   */
  fork(doc: OpenDoc, why: string): OpenDoc {
    const { content, home } = doc;
    const isActive = this.docs.active === doc;
    const label = doc.label;
    const isVersion = home?.kind === "version";
    const name = isVersion ? content.name : null;
    const title = label === "" ? null : i18next.t("files:copyOf", { name: label });
    const copy = this.start(randomId(), { ...content, name, saved: EMPTY }, title);
    if (isVersion) copy.home = home;
    this.docs.replace(doc, copy);
    if (isActive) useEditor.setState({ docId: copy.docId, name, saved: EMPTY });
    doc.drop();
    this.locks().release(doc.docId);
    copy.isWorthSending = true;
    copy.journal?.snapshot();
    this.docs.write();
    tell("warning", isVersion ? "files:notice.ownDraft" : why, { name: label });
    this.docs.publish();
    return copy;
  }

  async part(doc: OpenDoc, isOurs: boolean): Promise<void> {
    if (this.docs.get(doc.docId) !== doc) return;
    const copy = this.fork(doc, isOurs ? "files:notice.copiedConflict" : "files:notice.copiedElsewhere");
    await copy.flush();
    // The copy has all of it; under the old id there is what the others made.
    if (isOurs && copy.tab.localTrouble === "") await this.shelf.remove(doc.docId).catch(() => undefined);
  }

  /** The tab that had it let go: go on from what it wrote last. */
  private async regain(docId: string): Promise<void> {
    const doc = this.docs.get(docId);
    if (doc === undefined) return this.locks().release(docId);
    const loaded = await loadHere(this.shelf, docId, true).catch(() => null);
    if (this.docs.get(docId) !== doc) return;
    if (loaded === null) {
      // It was saved and closed over there; here it starts anew.
      doc.keep({ ...NEW_PLACE, by: randomId() });
      doc.journal?.snapshot();
    } else {
      put(doc, loaded, true);
    }
    tell("info", "files:notice.editedHere", { name: doc.label });
    this.docs.publish();
  }

  async asked(docId: string): Promise<void> {
    const doc = this.docs.get(docId);
    await doc?.flush();
    if (doc !== undefined) await this.shelf.putRecord(doc.record).catch(() => undefined);
  }

  lost(docId: string): void {
    const doc = this.docs.get(docId);
    if (doc === undefined) return;
    doc.drop();
    this.locks().wait(docId);
    this.docs.publish();
  }
}
