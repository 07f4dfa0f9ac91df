// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { tableOf } from "@/graph/table";
import { nodeOf } from "@/graph/toys";
import type { RunOptions } from "./submit";

const ran = vi.hoisted(() => {
  globalThis.fetch = async () => Response.json({});
  return { times: 0, taken: 1 };
});
vi.mock("./submit", () => ({
  runGraph: (_: RunOptions) => {
    ran.times += 1;
    return Promise.resolve(ran.taken);
  },
}));

const { open, perform } = await import("../editor");
const { useDefs } = await import("../defs");
const { setting, useSettings } = await import("../settings");
const { feed } = await import("./live");
const { watchForAutoQueue } = await import("./auto");
const { readDefs } = await import("@/graph/defs");

const NODE = nodeOf(1, "Keep", { values: ["a"] });
const graph = { nodes: tableOf([["1", NODE]]), links: tableOf(), groups: tableOf(), info: {} } as never;
const edit = (what: object, label = "steps:test") =>
  perform(label, (draft, on) => {
    const node = draft.graph(on).nodes.by["1"];
    if (node !== undefined) draft.put(on, "nodes", "1", { ...node, ...what });
  });
const pass = () => vi.advanceTimersByTimeAsync(1000);

let stop = () => {};
beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(ran, { times: 0, taken: 1 });
  useDefs.setState({
    defs: readDefs({ Keep: { input: { required: { text: ["STRING", {}] } }, output_node: true } }),
    status: "ready",
  });
  open({ docId: "doc", name: null, document: { graphs: tableOf([["root", graph]]) } });
  useSettings.setState({ autoQueue: "change" });
  stop = watchForAutoQueue();
});
afterEach(() => {
  stop();
  feed.following.clear();
  vi.useRealTimers();
});

describe("running on change", () => {
  it("runs once for changes that come together, and not for a node that only moved", async () => {
    edit({ values: ["b"] });
    edit({ values: ["c"] });
    await pass();
    expect(ran.times).toBe(1);
    edit({ pos: [50, 50] });
    await pass();
    expect(ran.times).toBe(1);
  });

  it("does not run for seeds that a run has moved", async () => {
    edit({ values: ["b"] }, "steps:controls");
    await pass();
    expect(ran.times).toBe(0);
  });

  it("waits for the run that goes on, then runs with all that has changed", async () => {
    const job = feed.follow("P", "doc", new Map());
    edit({ values: ["b"] });
    await pass();
    edit({ values: ["c"] });
    await pass();
    expect(ran.times).toBe(0);
    await feed.conclude(job);
    await pass();
    expect(ran.times).toBe(1);
  });

  it("does nothing while it is off", async () => {
    useSettings.setState({ autoQueue: "off" });
    edit({ values: ["b"] });
    await pass();
    expect(ran.times).toBe(0);
  });
});

describe("running on and on", () => {
  const end = async (outcome: "success" | "error" | "interrupted") => {
    const job = feed.follow("P", "doc", new Map());
    feed.take(job, [{ kind: "outcome", outcome }], null);
    await feed.conclude(job);
    await pass();
  };
  beforeEach(() => useSettings.setState({ autoQueue: "instant" }));

  it("runs again when a run has succeeded, but does not begin by itself", async () => {
    edit({ values: ["b"] });
    await pass();
    expect(ran.times).toBe(0);
    await end("success");
    expect(ran.times).toBe(1);
  });

  it.each(["error", "interrupted"] as const)("ends with %s", async (outcome) => {
    await end(outcome);
    expect(ran.times).toBe(0);
    expect(setting("autoQueue")).toBe("off");
  });

  it("ends when nothing was taken", async () => {
    ran.taken = 0;
    await end("success");
    expect(ran.times).toBe(1);
    expect(setting("autoQueue")).toBe("off");
  });
});
