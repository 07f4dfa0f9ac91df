import { beforeEach, describe, expect, it, vi } from "vitest";
import type { JsonObject } from "@/graph/json";
import { useRuns } from "../runs";
import { Feed } from "./feed";
import type { Sent } from "./view";

const SENT: Sent = new Map([
  ["1", []],
  ["2", ["1"]],
]);

function made(written: Record<string, JsonObject[]> = {}) {
  const frames: (() => void)[] = [];
  const asked: [string, number][] = [];
  const state = { doc: "A", now: 0 };
  const feed = new Feed({
    now: () => state.now,
    nextFrame: (action) => frames.push(action),
    records: (job) => (written[job] ? Promise.resolve(written[job]) : Promise.reject(new Error("away"))),
    resume: (job, after) => asked.push([job, after]),
    open: () => state.doc,
  });
  const say = (job: string, type: string, data: JsonObject = {}) =>
    feed.message({ type, data: { prompt_id: job, ...data } });
  const frame = () => {
    for (const action of frames.splice(0)) action();
  };
  return { feed, say, frame, frames, asked, state };
}
const shown = () =>
  Object.fromEntries(Object.entries(useRuns.getState().nodes).map(([node, run]) => [node, run.state]));

beforeEach(() => useRuns.setState({ nodes: {}, problems: [] }));

describe("the feed", () => {
  it("draws once a frame, however much comes in", () => {
    const { feed, say, frame, frames } = made();
    const drawn = vi.fn();
    const stop = useRuns.subscribe(drawn);
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    for (let value = 0; value < 1000; value += 1) {
      say("P", "progress_state", { nodes: { "1": { node_id: "1", state: "running", value, max: 1000 } } });
    }
    expect(frames).toHaveLength(1);
    frame();
    expect(drawn).toHaveBeenCalledTimes(1);
    expect(useRuns.getState().nodes["1"]?.progress).toEqual([999, 1000]);
    stop();
  });

  it("lists what a node warns of as a warning, also while a part without it runs", async () => {
    const { feed, say, frame } = made();
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    say("P", "executing", { node: "1", display_node: "1" });
    say("P", "node_warning", { node: "1", display_node: "1", message: "gone" });
    say("P", "execution_success");
    say("P", "executing", { node: null });
    await vi.waitFor(() => expect(feed.following.size).toBe(0));
    frame();
    const warning = { code: "node_warning", node: "1", message: "gone", isWarning: true };
    expect(useRuns.getState().problems).toMatchObject([warning]);
    feed.follow("Q", "A", new Map([["2", []]]), { isPart: true });
    say("Q", "execution_start");
    say("Q", "executing", { node: "2", display_node: "2" });
    frame();
    expect(useRuns.getState().problems).toMatchObject([warning]);
  });

  it("leaves the state of other nodes the same object", () => {
    const { feed, say, frame } = made();
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    frame();
    const before = useRuns.getState().nodes["2"];
    say("P", "executing", { node: "1", display_node: "1" });
    frame();
    expect(useRuns.getState().nodes["2"]).toBe(before);
    expect(shown()).toEqual({ 1: "running", 2: "queued" });
  });

  it("shows the run that goes on, then the next one of the same workflow", () => {
    const { feed, say, frame } = made({ P: [{ type: "run_finished", status: "success" }] });
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    say("P", "executing", { node: "1", display_node: "1" });
    feed.follow("Q", "A", SENT);
    frame();
    expect(shown()).toEqual({ 1: "running", 2: "queued" });
    say("Q", "execution_start");
    say("Q", "execution_cached", { nodes: ["1", "2"] });
    frame();
    expect(shown()).toEqual({ 1: "cached", 2: "cached" });
  });

  it("keeps the states of a workflow while another is open", () => {
    const { feed, say, frame, state } = made();
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    frame();
    state.doc = "B";
    feed.boards.publish();
    expect(shown()).toEqual({});
    say("P", "execution_cached", { nodes: ["1"] });
    frame();
    expect(shown()).toEqual({});
    state.doc = "A";
    feed.boards.publish();
    expect(shown()).toEqual({ 1: "cached", 2: "queued" });
  });

  it("takes what the server wrote down once a run has ended", async () => {
    const { feed, say, frame } = made({
      P: [
        { type: "run_started", time: 1 },
        { type: "node_started", node_id: "2", time: 2, reason: { code: "evicted", detail: "" } },
        { type: "node_finished", node_id: "2", time: 4, source: "run", usage: { seconds: 1.5 } },
        { type: "node_finished", node_id: "1", time: 4, source: "memory" },
        { type: "run_finished", time: 5, status: "success" },
      ],
    });
    const ended = vi.fn();
    feed.onEnd(ended);
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    say("P", "executing", { node: null });
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
    frame();
    expect(useRuns.getState().nodes["2"]).toMatchObject({
      state: "done",
      seconds: 1.5,
      reason: { code: "evicted" },
    });
    expect(shown()).toEqual({ 1: "cached", 2: "done" });
    expect(feed.following.size).toBe(0);
  });

  it("keeps what the messages said when the server cannot be asked", async () => {
    const { feed, say, frame } = made();
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    say("P", "execution_cached", { nodes: ["1", "2"] });
    say("P", "execution_success");
    say("P", "executing", { node: null });
    await vi.waitFor(() => expect(feed.following.size).toBe(0));
    frame();
    expect(shown()).toEqual({ 1: "cached", 2: "cached" });
  });

  it("pins the failure of a run as a problem, and takes it back with the next run", () => {
    const { feed, say, frame } = made();
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    say("P", "execution_error", { node_id: "1", exception_type: "ValueError", exception_message: "no\n" });
    frame();
    expect(useRuns.getState().problems).toEqual([
      { code: "ValueError", message: "no", details: "", node: "1", input: null, origin: "run" },
    ]);
    feed.follow("Q", "A", SENT);
    frame();
    expect(useRuns.getState().problems).toEqual([]);
  });

  it("remembers where it got to in each job that is open", () => {
    const { feed, say } = made();
    feed.follow("P", "A", SENT);
    feed.follow("Q", "A", SENT);
    say("P", "execution_start", { seq: 1 });
    say("P", "executing", { node: "1", seq: 7 });
    expect([...feed.positions()]).toEqual([
      ["P", 7],
      ["Q", 0],
    ]);
  });

  it("catches up with a run that goes on, though messages of it come first", async () => {
    const { feed, say, frame, asked } = made({
      P: [
        { type: "run_started", seq: 1, time: 1 },
        { type: "node_started", seq: 2, node_id: "1", time: 2 },
        { type: "node_finished", seq: 3, node_id: "1", time: 4, source: "run", usage: { seconds: 1.5 } },
        { type: "node_started", seq: 4, node_id: "2", time: 4 },
      ],
    });
    const job = feed.follow("P", "A", SENT, { retold: true });
    const done = feed.catchUp(job);
    say("P", "progress_state", {
      seq: 7,
      nodes: { "2": { node_id: "2", state: "running", value: 3, max: 9 } },
    });
    await done;
    feed.resume("P");
    frame();
    expect(shown()).toEqual({ 1: "done", 2: "running" });
    expect(useRuns.getState().nodes["1"]?.seconds).toBe(1.5);
    expect(asked).toEqual([["P", 4]]);
  });

  it("does not take times from what is told again", () => {
    const { feed, say, frame, state } = made();
    feed.follow("P", "A", SENT);
    feed.reconnected();
    say("P", "executing", { node: "1", display_node: "1" });
    say("P", "progress_state", { nodes: { "1": { node_id: "1", state: "finished" } } });
    say("P", "resumed", { seq: 9 });
    say("P", "executing", { node: "2", display_node: "2" });
    state.now = 2000;
    say("P", "progress_state", { nodes: { "2": { node_id: "2", state: "finished" } } });
    frame();
    expect(useRuns.getState().nodes["1"]).toMatchObject({ state: "done", seconds: null });
    expect(useRuns.getState().nodes["2"]).toMatchObject({ state: "done", seconds: 2 });
  });

  it("shows the old states again when a job was refused", () => {
    const { feed, say, frame } = made();
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    say("P", "execution_cached", { nodes: ["1", "2"] });
    say("P", "execution_success");
    frame();
    feed.follow("Q", "A", SENT);
    frame();
    expect(shown()).toEqual({ 1: "queued", 2: "queued" });
    feed.unfollow("Q");
    frame();
    expect(shown()).toEqual({ 1: "cached", 2: "cached" });
  });

  it("leaves the other nodes as they are when only a part runs", () => {
    const { feed, say, frame } = made();
    feed.follow("P", "A", SENT);
    say("P", "execution_start");
    say("P", "execution_cached", { nodes: ["1", "2"] });
    say("P", "execution_success");
    frame();
    feed.follow("Q", "A", new Map([["1", []]]), { isPart: true });
    frame();
    expect(shown()).toEqual({ 1: "queued", 2: "cached" });
  });

  it("keeps up with a thousand messages a second on a thousand nodes", () => {
    const { feed, say, frame } = made();
    const ids = Array.from({ length: 1000 }, (_, index) => String(index));
    feed.follow("P", "A", new Map(ids.map((id, index) => [id, index > 0 ? [String(index - 1)] : []])));
    say("P", "execution_start");
    frame();
    const started = performance.now();
    // A second: 60 frames, each node begins and ends, with the states the server sends along.
    ids.forEach((id, index) => {
      say("P", "executing", { node: id, display_node: id });
      const nodes = ids.slice(Math.max(0, index - 32), index + 1).map((node) => {
        const state = node === id ? "running" : "finished";
        return [node, { node_id: node, display_node_id: node, state, value: 1, max: 2 }] as const;
      });
      say("P", "progress_state", { nodes: Object.fromEntries(nodes) });
      if (index % 16 === 0) frame();
    });
    frame();
    const spent = performance.now() - started;
    expect(Object.values(shown()).filter((state) => state === "done")).toHaveLength(999);
    // It takes some 50 ms of the second; the rest is for machines that are slow or busy today.
    expect(spent).toBeLessThan(900);
  });
});
