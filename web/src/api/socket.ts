/**
 * The server's event stream: one WebSocket that comes back by itself and takes up every open job where the last
 * message of it left off.
 */
import { serverUrl } from "./client";
import { uuid } from "./id";
import { type Message, type Preview, readMessage, readPreview } from "./messages";

export type Connection = "connecting" | "online" | "offline";

/** What hears of everything that comes. */
export interface Listener {
  readonly message: (message: Message) => void;
  readonly preview: (preview: Preview) => void;
  readonly connection: (connection: Connection) => void;
  /** The open jobs and the number of the last event of each that was heard. */
  readonly positions: () => Iterable<readonly [job: string, seq: number]>;
}

/** The part of a WebSocket that is used; tests bring their own. */
export interface Socket {
  binaryType: string;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Surroundings {
  readonly open: (url: string) => Socket;
  readonly later: (action: () => void, milliseconds: number) => () => void;
  readonly random: () => number;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;
const FEATURES = JSON.stringify({
  type: "feature_flags",
  data: { supports_preview_metadata: true, darkroom_events: true },
});

export class EventStream {
  private socket: Socket | null = null;
  private isOpen = false;
  private failures = 0;
  private cancelRetry: (() => void) | null = null;
  private stopped = false;

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
    private readonly around: Surroundings,
  ) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.cancelRetry?.();
    this.drop();
  }

  /** Try at once, as when the network is back; a socket that seems open may be dead after a sleep. */
  renew(): void {
    if (this.stopped) return;
    this.cancelRetry?.();
    this.failures = 0;
    this.drop();
    this.connect();
  }

  /** Ask for what happened in a job after event number `after`. Without a connection, opening one asks. */
  resume(job: string, after: number): void {
    if (this.isOpen) this.socket?.send(JSON.stringify({ type: "resume", data: { job, after } }));
  }

  private connect(): void {
    this.cancelRetry = null;
    const asked = new Map(this.listener.positions());
    const after = [...asked].map(([job, seq]) => `${encodeURIComponent(job)}:${seq}`);
    const url = after.length === 0 ? this.url : `${this.url}&after=${encodeURIComponent(after.join(","))}`;
    const socket = this.around.open(url);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.failures = 0;
      this.isOpen = true;
      socket.send(FEATURES);
      // Jobs that became of interest while it was opening.
      for (const [job, seq] of this.listener.positions()) if (!asked.has(job)) this.resume(job, seq);
      this.listener.connection("online");
    };
    socket.onmessage = ({ data }) => this.heard(data);
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  private heard(data: unknown): void {
    if (typeof data === "string") {
      const message = readMessage(data);
      if (message !== null) this.listener.message(message);
    } else if (data instanceof ArrayBuffer) {
      const preview = readPreview(data);
      if (preview !== null) this.listener.preview(preview);
    }
  }

  private lost(): void {
    this.socket = null;
    this.isOpen = false;
    this.failures += 1;
    this.listener.connection("offline");
    if (this.stopped) return;
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.failures - 1));
    // Not all clients at the same moment after a restart.
    this.cancelRetry = this.around.later(() => this.connect(), pause * (0.5 + this.around.random() / 2));
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    if (socket === null) return;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
  }
}

const CLIENT = "darkroom:client";

/** Names this tab to the server; stays over reloads, so that a run that goes on is still ours. */
export function clientId(): string {
  try {
    const known = sessionStorage.getItem(CLIENT);
    if (known !== null) return known;
    const made = uuid();
    sessionStorage.setItem(CLIENT, made);
    return made;
  } catch {
    // Storage is forbidden: the tab is a new client after a reload.
    fallback ??= uuid();
    return fallback;
  }
}
let fallback: string | null = null;

const browser: Surroundings = {
  open: (url) => new WebSocket(url) as Socket,
  later: (action, milliseconds) => {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

const LONG_SLEEP = 60_000;

/** The stream of this tab, running. It looks for the server at once when the network or the tab is back. */
export function openStream(listener: Listener): EventStream {
  const url = `${serverUrl().replace(/^http/, "ws")}/ws?clientId=${encodeURIComponent(clientId())}`;
  const stream = new EventStream(url, listener, browser);
  let hiddenSince = Date.now();
  window.addEventListener("online", () => stream.renew());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hiddenSince = Date.now();
    else if (Date.now() - hiddenSince > LONG_SLEEP) stream.renew();
  });
  stream.start();
  return stream;
}
