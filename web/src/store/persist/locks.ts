/** Which tab of this browser edits a workflow. One holds it; another may wait for it or take it over. */

export interface Locks {
  /** Holds what no other tab can know of yet. */
  claim(docId: string): void;
  /** Holds it unless another tab does. Resolves to whether it is held. */
  hold(docId: string): Promise<boolean>;
  /** Holds it as soon as nobody else does, and says so. */
  wait(docId: string): void;
  /** Asks the tab that holds it to let go, and takes it away if that tab does not answer. */
  takeOver(docId: string): void;
  release(docId: string): void;
}

export interface LockEvents {
  /** A lock that was waited for is held now. */
  granted(docId: string): void;
  /** Another tab wants it: write everything down. The lock goes once this resolves. */
  asked(docId: string): Promise<void>;
  /** It is no longer held: another tab took it. */
  lost(docId: string): void;
}

export interface Message {
  readonly kind: "yield" | "who" | "mine" | "free" | "taken";
  readonly docId: string;
  readonly from: string;
}
/** The part of a `BroadcastChannel` that is used. */
export interface Wire {
  postMessage(message: Message): void;
  onmessage: ((event: { readonly data: Message }) => void) | null;
}

/** How long a tab that is asked may take, before it counts as frozen. */
const PATIENCE_MS = 1_500;
const nameOf = (docId: string) => `darkroom:doc:${docId}`;

/** With the Web Locks of the browser, which let go by themselves when a tab dies. */
export function webLocks(manager: LockManager, wire: Wire, events: LockEvents): Locks {
  const held = new Map<string, () => void>();
  const waiting = new Map<string, AbortController>();
  const keep = (docId: string) =>
    new Promise<void>((release) => {
      waiting.delete(docId);
      held.set(docId, release);
    });
  const lost = (docId: string) => {
    if (held.delete(docId)) events.lost(docId);
  };

  async function request(docId: string, options: LockOptions): Promise<void> {
    await manager.request(nameOf(docId), options, (lock) => {
      if (lock === null) return undefined;
      const kept = keep(docId);
      events.granted(docId);
      return kept;
    });
  }

  wire.onmessage = ({ data }) => {
    if (data.kind !== "yield" || !held.has(data.docId)) return;
    void events.asked(data.docId).finally(() => {
      held.get(data.docId)?.();
      lost(data.docId);
    });
  };

  return {
    claim: (docId) => void manager.request(nameOf(docId), {}, () => keep(docId)).catch(() => lost(docId)),
    hold: (docId) =>
      new Promise((resolve) => {
        if (held.has(docId)) return resolve(true);
        manager
          .request(nameOf(docId), { ifAvailable: true }, (lock) => {
            resolve(lock !== null);
            return lock === null ? undefined : keep(docId);
          })
          .catch(() => {
            // Stolen by a tab that got no answer from this one; or this browser lends no locks here.
            lost(docId);
            resolve(true);
          });
      }),
    wait(docId) {
      if (held.has(docId) || waiting.has(docId)) return;
      const control = new AbortController();
      waiting.set(docId, control);
      request(docId, { signal: control.signal }).catch(() => lost(docId));
    },
    takeOver(docId) {
      this.wait(docId);
      wire.postMessage({ kind: "yield", docId, from: "" });
      setTimeout(() => {
        const control = waiting.get(docId);
        if (control === undefined) return;
        waiting.delete(docId);
        control.abort();
        request(docId, { steal: true }).catch(() => lost(docId));
      }, PATIENCE_MS);
    },
    release(docId) {
      waiting.get(docId)?.abort();
      waiting.delete(docId);
      held.get(docId)?.();
      held.delete(docId);
    },
  };
}

/** How long other tabs have to say that it is theirs. */
const ANSWER_MS = 150;

/**
 * For pages that are not served securely, where browsers have no Web Locks: tabs ask each other. One that is
 * too busy to answer in time is passed over; the journal notices then, and one of them goes on with a copy.
 */
export function channelLocks(wire: Wire, self: string, events: LockEvents): Locks {
  const held = new Set<string>();
  const waiting = new Set<string>();
  const asking = new Map<string, () => void>();
  const say = (kind: Message["kind"], docId: string) => wire.postMessage({ kind, docId, from: self });
  const grant = (docId: string) => {
    waiting.delete(docId);
    held.add(docId);
    events.granted(docId);
  };

  async function hold(docId: string): Promise<boolean> {
    if (held.has(docId)) return true;
    const isElsewhere = await new Promise<boolean>((resolve) => {
      asking.set(docId, () => resolve(true));
      say("who", docId);
      setTimeout(() => resolve(false), ANSWER_MS);
    });
    asking.delete(docId);
    if (!isElsewhere) held.add(docId);
    return !isElsewhere;
  }

  const hear: Record<Message["kind"], (docId: string, from: string) => void> = {
    // Of two that ask at the same time, one has to give way.
    who: (docId, from) => (held.has(docId) || (asking.has(docId) && self < from)) && say("mine", docId),
    mine: (docId) => asking.get(docId)?.(),
    yield: (docId) => {
      if (!held.has(docId)) return;
      void events.asked(docId).finally(() => {
        if (!held.delete(docId)) return;
        events.lost(docId);
        say("free", docId);
      });
    },
    free: (docId) => {
      if (waiting.has(docId)) void hold(docId).then((is) => is && grant(docId));
    },
    taken: (docId) => {
      if (held.delete(docId)) events.lost(docId);
    },
  };
  wire.onmessage = ({ data }) => {
    if (data.from !== self) hear[data.kind]?.(data.docId, data.from);
  };

  return {
    claim: (docId) => void held.add(docId),
    hold,
    wait: (docId) => void waiting.add(docId),
    takeOver(docId) {
      waiting.add(docId);
      say("yield", docId);
      setTimeout(() => {
        if (!waiting.has(docId)) return;
        say("taken", docId);
        grant(docId);
      }, PATIENCE_MS);
    },
    release(docId) {
      waiting.delete(docId);
      if (held.delete(docId)) say("free", docId);
    },
  };
}

export function tabLocks(self: string, events: LockEvents): Locks {
  const wire = typeof BroadcastChannel === "undefined" ? DEAF : wireOf(new BroadcastChannel("darkroom:tabs"));
  const manager = globalThis.navigator?.locks;
  return manager === undefined ? channelLocks(wire, self, events) : webLocks(manager, wire, events);
}

const DEAF: Wire = { postMessage() {}, onmessage: null };

function wireOf(channel: BroadcastChannel): Wire {
  const wire: Wire = { postMessage: (message) => channel.postMessage(message), onmessage: null };
  channel.onmessage = ({ data }) => wire.onmessage?.({ data });
  return wire;
}
