import { describe, expect, it } from "vitest";
import type { Message, Preview } from "./messages";
import { type Connection, EventStream, type Socket } from "./socket";

class FakeSocket implements Socket {
  binaryType = "blob";
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  readonly sent: unknown[] = [];
  isClosed = false;
  constructor(readonly url: string) {}
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.isClosed = true;
  }
  say(type: string, data: object): void {
    this.onmessage?.({ data: JSON.stringify({ type, data }) });
  }
}

function made() {
  const sockets: FakeSocket[] = [];
  const waits: number[] = [];
  let due: (() => void) | null = null;
  const messages: Message[] = [];
  const previews: Preview[] = [];
  const connections: Connection[] = [];
  const positions = new Map<string, number>();
  const stream = new EventStream(
    "ws://server/ws?clientId=me",
    {
      message: (message) => messages.push(message),
      preview: (preview) => previews.push(preview),
      connection: (connection) => connections.push(connection),
      positions: () => positions,
    },
    {
      open: (url) => {
        const socket = new FakeSocket(url);
        sockets.push(socket);
        return socket;
      },
      later: (action, milliseconds) => {
        waits.push(milliseconds);
        due = action;
        return () => {
          due = null;
        };
      },
      random: () => 1,
    },
  );
  const pass = () => {
    const action = due;
    due = null;
    action?.();
  };
  const last = () => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  };
  return { stream, sockets, waits, messages, previews, connections, positions, pass, last };
}

/** A type 4 frame as the server packs it. */
function frame(meta: object, image: string): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(meta));
  const bytes = new TextEncoder().encode(image);
  const made = new ArrayBuffer(8 + text.length + bytes.length);
  const view = new DataView(made);
  view.setUint32(0, 4);
  view.setUint32(4, text.length);
  new Uint8Array(made).set(text, 8);
  new Uint8Array(made).set(bytes, 8 + text.length);
  return made;
}

describe("the event stream", () => {
  it("says what it understands as soon as it is open", () => {
    const { stream, last, connections } = made();
    stream.start();
    last().onopen?.();
    expect(last().sent).toEqual([
      { type: "feature_flags", data: { supports_preview_metadata: true, darkroom_events: true } },
    ]);
    expect(last().binaryType).toBe("arraybuffer");
    expect(connections).toEqual(["online"]);
  });

  it("hands on messages and pictures, and survives what it cannot read", async () => {
    const { stream, last, messages, previews } = made();
    stream.start();
    last().onopen?.();
    last().say("execution_start", { prompt_id: "P" });
    const meta = { node_id: "5.0.1", display_node_id: "5", prompt_id: "P", image_type: "image/png" };
    last().onmessage?.({ data: frame(meta, "PNG!") });
    for (const junk of ["{", "[]", '{"type": 1}', new ArrayBuffer(3), frame({}, "x"), new ArrayBuffer(64)]) {
      last().onmessage?.({ data: junk });
    }
    expect(messages).toEqual([{ type: "execution_start", data: { prompt_id: "P" } }]);
    expect(previews).toHaveLength(1);
    expect(previews[0]).toMatchObject({ job: "P", node: "5.0.1", display: "5" });
    expect(previews[0]?.image.type).toBe("image/png");
    expect(await previews[0]?.image.text()).toBe("PNG!");
  });

  it("comes back later and later, and then where it left off", () => {
    const { stream, last, waits, connections, positions, pass, sockets } = made();
    stream.start();
    last().onopen?.();
    positions.set("job,1", 12).set("J2", 0);
    for (let time = 0; time < 8; time += 1) {
      last().onclose?.();
      pass();
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    const after = new URL(last().url).searchParams.get("after");
    expect(after).toBe("job%2C1:12,J2:0");
    last().onopen?.();
    last().onclose?.();
    expect(waits.at(-1)).toBe(250);
    expect(connections.filter((one) => one === "online")).toHaveLength(2);
    expect(sockets).toHaveLength(9);
  });

  it("asks for jobs that came up while it was opening", () => {
    const { stream, last, positions } = made();
    stream.start();
    positions.set("P", 3);
    stream.resume("P", 3);
    last().onopen?.();
    expect(last().sent.at(-1)).toEqual({ type: "resume", data: { job: "P", after: 3 } });
  });

  it("renews a socket that may be dead without hearing from the old one", () => {
    const { stream, sockets, messages } = made();
    stream.start();
    sockets[0]?.onopen?.();
    stream.renew();
    expect(sockets[0]?.isClosed).toBe(true);
    expect(sockets).toHaveLength(2);
    sockets[0]?.say("execution_start", {});
    expect(messages).toEqual([]);
  });

  it("stays away once it is stopped", () => {
    const { stream, last, sockets, pass } = made();
    stream.start();
    last().onclose?.();
    stream.stop();
    pass();
    expect(sockets).toHaveLength(1);
  });
});
