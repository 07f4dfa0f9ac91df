/** The workflows open in this page, in the order of their tabs; whoever shows or restores them hears of each change. */
import { useEditor } from "@/store/editor";
import type { OpenDoc } from "./doc";
import { keepSession } from "./session";
import type { Shelf } from "./shelf";
import { useTabs } from "./tabs";

const RECORD_MS = 300;

export class OpenDocs {
  private docs = new Map<string, OpenDoc>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly shelf: Shelf) {}

  get all(): readonly OpenDoc[] {
    return [...this.docs.values()];
  }

  get ids(): readonly string[] {
    return [...this.docs.keys()];
  }

  /** The one on screen. */
  get active(): OpenDoc | undefined {
    return this.docs.get(useEditor.getState().docId);
  }

  get(docId: string): OpenDoc | undefined {
    return this.docs.get(docId);
  }

  has(docId: string): boolean {
    return this.docs.has(docId);
  }

  add(doc: OpenDoc): void {
    this.docs.set(doc.docId, doc);
  }

  remove(docId: string): void {
    this.docs.delete(docId);
  }

  /** In the other's place. */
  replace(old: OpenDoc, by: OpenDoc): void {
    const docs = this.all.filter((doc) => doc !== by).map((doc) => (doc === old ? by : doc));
    this.docs = new Map(docs.map((doc) => [doc.docId, doc]));
  }

  publish(): void {
    const { docId } = useEditor.getState();
    useTabs.setState({ tabs: this.all.map((doc) => doc.tab), active: docId });
    keepSession({ open: this.ids, active: docId });
    this.writeSoon();
  }

  /** What changes often need not be written each time. */
  writeSoon(): void {
    this.timer ??= setTimeout(() => this.write(), RECORD_MS);
  }

  write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const doc of this.all) {
      if (!doc.isElsewhere) void this.shelf.putRecord(doc.record).catch(() => undefined);
    }
  }
}
