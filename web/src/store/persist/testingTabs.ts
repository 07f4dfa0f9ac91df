/** For tests with several tabs: each has modules of its own, as pages have; browser and server are shared. */
import { vi } from "vitest";
import type { LockEvents, Locks, Message, Wire } from "./locks";
import type { FakeServer } from "./testing";

/** Locks and channels of one browser. */
export class FakeBrowser {
  private readonly holders = new Map<string, { end: () => void; fail: (error: Error) => void }>();
  private readonly queue = new Map<string, (() => void)[]>();
  private readonly wires = new Set<Wire>();

  wire(): Wire {
    const wire: Wire = {
      postMessage: (message: Message) => {
        for (const other of this.wires)
          if (other !== wire) queueMicrotask(() => other.onmessage?.({ data: message }));
      },
      onmessage: null,
    };
    this.wires.add(wire);
    return wire;
  }

  /** What `navigator.locks` does of what is used here. */
  get locks(): LockManager {
    const request = (name: string, options: LockOptions, use: (lock: Lock | null) => unknown) => {
      const isHeld = this.holders.has(name);
      if (options.ifAvailable === true && isHeld) return Promise.resolve(use(null));
      return new Promise((resolve, reject) => {
        const take = () => {
          this.holders.set(name, { end: () => undefined, fail: reject });
          const done = Promise.resolve(use({ name, mode: "exclusive" }));
          void done.then((value) => {
            resolve(value);
            this.holders.delete(name);
            this.queue.get(name)?.shift()?.();
          });
        };
        if (options.steal === true) {
          this.holders.get(name)?.fail(new Error("AbortError"));
          this.holders.delete(name);
        }
        if (!this.holders.has(name)) return take();
        this.queue.set(name, [...(this.queue.get(name) ?? []), take]);
        options.signal?.addEventListener("abort", () => {
          this.queue.set(
            name,
            (this.queue.get(name) ?? []).filter((one) => one !== take),
          );
          reject(new Error("AbortError"));
        });
        return undefined;
      });
    };
    return { request, query: async () => ({}) } as unknown as LockManager;
  }
}

export interface Setup {
  readonly server: FakeServer;
  readonly database?: string;
  /** How this tab learns of the others. */
  readonly locks: (modules: typeof import("./locks"), events: LockEvents) => Locks;
}

/** A page that was just opened. */
export async function newTab({ server, database = "tabs", locks }: Setup) {
  vi.resetModules();
  const [editor, { Workspace }, { openShelf }, { serverDrafts }, tabs, notices, lockModule, index] =
    await Promise.all([
      import("@/store/editor"),
      import("./workspace"),
      import("./database"),
      import("./drafts"),
      import("./tabs"),
      import("./notices"),
      import("./locks"),
      import("./index"),
    ]);
  const shelf = await openShelf(database);
  const services = {
    shelf,
    drafts: serverDrafts(server.send),
    isForgetful: false,
    locks: (events: LockEvents) => locks(lockModule, events),
  };
  const work = new Workspace(services);
  const stop = work.watch();
  return {
    ...editor,
    work,
    shelf,
    tabs: tabs.useTabs,
    notices: () => notices.useNotices.getState().all.map(({ key }) => key),
    reopen: () => index.reopen(work, shelf),
    /** The page is gone: nothing more is written, nothing is said. */
    die() {
      stop();
      for (const { docId } of tabs.useTabs.getState().tabs) work.get(docId)?.drop();
      shelf.close();
    },
  };
}
export type TestTab = Awaited<ReturnType<typeof newTab>>;
