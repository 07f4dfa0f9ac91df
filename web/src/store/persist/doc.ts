/** One open workflow: its content while another one is shown, its journal, its draft on the server. */
import type { Step } from "@/graph/change";
import { type Editor, EMPTY, useEditor } from "@/store/editor";
import type { Drafts } from "./drafts";
import type { Edit, Home, Replayed, State } from "./entries";
import { Journal } from "./journal";
import { type DocRecord, FullError, type Shelf } from "./shelf";
import { Sync, type Synced } from "./sync";
import type { Tab } from "./tabs";

/** What the editor shows of a workflow, kept while it shows another. */
export type Content = Pick<Editor, "name" | "document" | "saved" | "done" | "undone" | "path">;

export function contentOf({ name, document, saved, done, undone, path }: Content): Content {
  return { name, document, saved, done, undone, path };
}

export interface Hosts {
  readonly shelf: Shelf;
  readonly drafts: Drafts;
  /** The browser keeps nothing beyond this page. */
  readonly isForgetful: boolean;
  changed(doc: OpenDoc): void;
  /** Its journal or its draft goes on elsewhere. `isOurs`: what lies on the shelf is what is open here. */
  parted(doc: OpenDoc, isOurs: boolean): void;
}

export interface Place {
  readonly by: string;
  readonly seq: number;
  readonly snapshot: number;
  readonly synced: Synced;
}

/** A journal that has nothing in it yet. */
export const NEW_PLACE: Omit<Place, "by"> = { seq: 0, snapshot: 0, synced: { revision: 0, seq: 0 } };

export class OpenDoc {
  title: string | null = null;
  home: Home | null = null;
  /** The step it was saved after: undefined before the first, null if it was not. */
  savedTop: Step | undefined | null = null;
  updated = Date.now();
  /** Whether the person has it in a file of their own, just as it was opened. */
  hasOriginal = false;
  /** Whether there is anything the server should keep: what was just opened is no draft. */
  isWorthSending = false;
  journal: Journal | null = null;
  private sync: Sync | null = null;
  private synced: Synced = { revision: 0, seq: 0 };
  private status: Pick<Tab, "localTrouble" | "server" | "serverDetail">;

  constructor(
    readonly docId: string,
    private readonly hosts: Hosts,
    private aside: Content,
  ) {
    const localTrouble = hosts.isForgetful ? "off" : "";
    this.status = { localTrouble, server: "kept", serverDetail: "" };
  }

  get content(): Content {
    const editor = useEditor.getState();
    return editor.docId === this.docId ? contentOf(editor) : this.aside;
  }

  /** Also what is shown, if this is it. */
  set content(content: Content) {
    this.aside = content;
    if (useEditor.getState().docId === this.docId) useEditor.setState(content);
  }

  /** Another workflow is about to be shown. */
  setAside(): void {
    this.aside = this.content;
  }

  /** What a person knows it as; empty if it has no name at all. */
  get label(): string {
    return this.content.name ?? this.title ?? "";
  }

  get isSaved(): boolean {
    const { document, saved } = this.content;
    return document === saved;
  }

  /** Whether closing it loses nothing anybody made. */
  get isUntouched(): boolean {
    const { done, undone } = this.content;
    return (this.isSaved || this.hasOriginal) && done.length === 0 && undone.length === 0;
  }

  get isElsewhere(): boolean {
    return this.journal === null;
  }

  get record(): DocRecord {
    const { docId, title, updated, isSaved } = this;
    const { name, path } = this.content;
    const { revision, seq } = this.synced;
    return { docId, name, title, updated, isSaved, isClosed: false, path, revision, synced: seq };
  }

  get tab(): Tab {
    const { docId, title, home, isSaved, isElsewhere } = this;
    return { docId, name: this.content.name, title, home, isSaved, isElsewhere, ...this.status };
  }

  /** From now on it is written down here. */
  keep(place: Place): void {
    this.drop();
    this.synced = place.synced;
    const { shelf } = this.hosts;
    const journal = new Journal(shelf, { docId: this.docId, ...place }, () => this.state(), {
      written: () => {
        this.say({ localTrouble: this.hosts.isForgetful ? "off" : "" });
        if (this.isWorthSending) this.sync?.poke();
      },
      failed: (error) => this.say({ localTrouble: error instanceof FullError ? "full" : "failed" }),
      taken: () => this.hosts.parted(this, false),
    });
    this.journal = journal;
    this.by = place.by;
    this.follow();
  }
  private by = "";

  /** From now on it is sent to the server as well. */
  private follow(): void {
    const { shelf, drafts } = this.hosts;
    const source = {
      entries: (after: number) => this.unsent(after),
      name: () => this.content.name ?? this.title,
    };
    this.sync = new Sync(this.docId, this.by, drafts, source, this.synced, {
      changed: (server, serverDetail) => this.say({ server, serverDetail }),
      synced: (synced) => {
        this.synced = synced;
        if (this.sync !== null) void shelf.putRecord(this.record).catch(() => undefined);
      },
      conflict: () => this.hosts.parted(this, true),
    });
  }

  /** What the shelf has no room for is sent from here. */
  private async unsent(after: number) {
    const written = await this.hosts.shelf.entries(this.docId, after).catch(() => []);
    const known = written.at(-1);
    const last = known === undefined ? after : "snapshot" in known ? known.snapshot.seq : known.change.seq;
    const open = this.journal?.unwritten() ?? [];
    return [
      ...written,
      ...open.filter((entry) => ("snapshot" in entry ? entry.snapshot : entry.change).seq > last),
    ];
  }

  /** Takes its draft off the server, unless somebody else has added to it. */
  async dropDraft(): Promise<void> {
    const { drafts } = this.hosts;
    await this.sync?.end();
    const { revision } = this.synced;
    if (revision === 0) return;
    const there = (await drafts.list()).find(({ id }) => id === this.docId);
    if (there?.revision !== revision) return;
    await drafts.remove(this.docId);
    this.synced = { revision: 0, seq: 0 };
  }

  /** It is saved now: the draft is of no more use, until it is edited again. */
  async settle(): Promise<void> {
    this.isWorthSending = false;
    await this.dropDraft().catch(() => undefined);
    if (this.journal === null) return;
    this.follow();
    this.say({ server: "kept", serverDetail: "" });
    this.catchUp();
  }

  wrote(edit: Edit): void {
    this.updated = Date.now();
    this.isWorthSending = true;
    this.journal?.record(edit);
    // Not only once it is written here: that may fail, and nobody is to read "kept" meanwhile.
    if (this.journal !== null) this.sync?.poke();
  }

  private state(): State {
    const { document, done, undone, name } = this.content;
    const { title, home, isSaved } = this;
    return { document, done, undone, name, title, home, isSaved };
  }

  /** Everything written on the shelf, and sent as far as the server takes it. */
  async flush(): Promise<void> {
    await this.journal?.flush();
  }

  send(): void {
    if (this.isWorthSending) void this.sync?.flush();
  }

  hurry(): void {
    this.sync?.hurry();
  }

  /** Catch up with what an earlier page could not send. */
  catchUp(): void {
    if (this.isWorthSending) this.sync?.poke();
  }

  /** Stops writing it down, once what is under way has arrived. */
  async end(): Promise<void> {
    const { journal, sync } = this;
    this.drop();
    await Promise.all([journal?.end(), sync?.end()]);
  }

  /** Stops writing it down, at once. */
  drop(): void {
    this.journal?.stop();
    this.sync?.stop();
    this.journal = null;
    this.sync = null;
  }

  private say(status: Partial<typeof this.status>): void {
    const before = this.status;
    this.status = { ...before, ...status };
    const isNews = (Object.keys(status) as (keyof typeof before)[]).some(
      (key) => before[key] !== status[key],
    );
    if (isNews) this.hosts.changed(this);
  }
}

/** What a replayed journal shows. */
export function restored(state: Replayed): Content {
  const { name, document, done, undone } = state;
  return { name, document, done, undone, saved: state.saved ?? EMPTY, path: [] };
}
