import { describe, expect, it } from "vitest";
import type { Json } from "@/graph/json";
import type { NodeRun } from "../runs";
import { eventsOfMessage, eventsOfRecord } from "./events";
import { JobView, QUEUED, type Sent } from "./view";

const SENT: Sent = new Map([
  ["9", ["8"]],
  ["8", ["3", "4"]],
  ["3", ["4", "6"]],
  ["6", ["4"]],
  ["4", []],
]);

function tell(
  view: JobView,
  at: number | null,
  ...messages: [type: string, data: Record<string, Json>][]
): void {
  for (const [type, data] of messages) {
    for (const event of eventsOfMessage({ type, data: { prompt_id: "P", ...data } })) view.take(event, at);
  }
}
const record = (view: JobView, ...events: Record<string, Json>[]) => {
  for (const event of events) {
    for (const one of eventsOfRecord(event)) view.take(one, Number(event["time"] ?? 0) * 1000);
  }
};
const states = (view: JobView) => Object.fromEntries([...view.nodes].map(([node, run]) => [node, run.state]));
const at = (view: JobView, node: string): NodeRun => view.nodes.get(node) ?? QUEUED;
const PICTURE = { filename: "x_00001_.png", subfolder: "", type: "output" };

describe("a run as messages tell it", () => {
  it("goes from queued through running to done, with times and pictures", () => {
    const view = new JobView(SENT);
    expect(states(view)).toEqual({ 9: "queued", 8: "queued", 3: "queued", 6: "queued", 4: "queued" });
    tell(view, 1000, ["execution_start", {}], ["execution_cached", { nodes: ["4"] }]);
    tell(view, 1000, ["executing", { node: "6", display_node: "6" }]);
    tell(view, 1500, ["executing", { node: "3", display_node: "3" }]);
    tell(view, 1500, [
      "progress_state",
      { nodes: { "6": { node_id: "6", state: "finished", value: 1, max: 1 } } },
    ]);
    tell(view, 1600, ["progress", { node: "3", value: 5, max: 20 }]);
    expect(states(view)).toEqual({ 9: "queued", 8: "queued", 3: "running", 6: "done", 4: "cached" });
    expect(at(view, "6").seconds).toBe(0.5);
    expect(at(view, "3").progress).toEqual([5, 20]);
    expect(view.progressed).toEqual([2.25, 5]);
    expect(view.current).toBe("3");
    tell(view, 2000, ["executing", { node: "9", display_node: "9" }]);
    tell(view, 2000, ["executed", { node: "9", display_node: "9", output: { images: [PICTURE] } }]);
    tell(view, 2000, ["execution_success", {}], ["executing", { node: null }]);
    expect(at(view, "9").images).toEqual([PICTURE]);
    expect(view.state).toBe("success");
  });

  it("says where latents are, which have no picture", () => {
    const view = new JobView(SENT);
    const latents = [{ filename: "a_00001_.latent", subfolder: "latents", type: "output" }];
    tell(view, 0, ["execution_start", {}], ["executed", { node: "9", output: { latents } }]);
    expect(at(view, "9").texts).toEqual(["output/latents/a_00001_.latent"]);
    expect(at(view, "9").images).toEqual([]);
  });

  it("knows a cached output by its coming without having run", () => {
    const view = new JobView(SENT);
    const finished = { nodes: { "9": { node_id: "9", state: "finished", value: 1, max: 1 } } };
    tell(view, 0, ["execution_start", {}], ["executed", { node: "9", output: { images: [PICTURE] } }]);
    tell(view, 0, ["progress_state", finished], ["execution_success", {}]);
    expect(at(view, "9")).toMatchObject({ state: "cached", images: [PICTURE], seconds: null });
  });

  it("shows what grew at run time on the node it grew from, until all of it is done", () => {
    const view = new JobView(new Map([["5", []]]));
    const state = (node: string, what: string) => ({
      [node]: { node_id: node, display_node_id: "5", state: what, value: 0, max: 1 },
    });
    tell(view, 0, ["execution_start", {}], ["executing", { node: "5", display_node: "5" }]);
    tell(view, 0, ["executing", { node: "5.0.0.1", display_node: "5" }]);
    tell(view, 0, ["progress", { node: "5.0.0.1", value: 3, max: 4 }]);
    expect(at(view, "5")).toMatchObject({ state: "running", progress: [3, 4] });
    tell(view, 1000, ["progress_state", { nodes: state("5", "finished") }]);
    expect(at(view, "5").state).toBe("running");
    tell(view, 4000, ["progress_state", { nodes: state("5.0.0.1", "finished") }]);
    expect(at(view, "5")).toMatchObject({ state: "done", seconds: 4 });
  });

  it("fails a node, blocks what waits for it, and leaves the rest", () => {
    const view = new JobView(new Map([...SENT, ["20", ["4"]]]));
    tell(view, 0, ["execution_start", {}], ["execution_cached", { nodes: ["4", "6"] }]);
    tell(view, 0, ["executing", { node: "3", display_node: "3" }]);
    tell(view, 0, [
      "execution_error",
      {
        node_id: "3",
        node_type: "KSampler",
        exception_type: "ValueError",
        exception_message: "too large\n",
        traceback: ["  File x\n"],
        current_inputs: { steps: [20] },
      },
    ]);
    expect(states(view)).toEqual({ 9: "blocked", 8: "blocked", 3: "failed", 6: "cached", 4: "cached" });
    expect(at(view, "3").error).toEqual({
      type: "ValueError",
      message: "too large",
      traceback: ["  File x\n"],
      inputs: { steps: [20] },
    });
    expect(view.state).toBe("error");
  });

  it("goes on after a blocked call", () => {
    const view = new JobView(SENT);
    const blocked = {
      node_id: "8",
      exception_type: "ExecutionBlocked",
      exception_message: "Execution Blocked: no",
    };
    tell(view, 0, ["execution_start", {}], ["execution_error", blocked]);
    expect(view.state).toBe("running");
    expect(at(view, "8")).toMatchObject({ state: "blocked", error: { message: "Execution Blocked: no" } });
  });

  it("gives nodes back what they showed when the run is stopped", () => {
    const before: NodeRun = { ...QUEUED, state: "done", images: [PICTURE], seconds: 2 };
    const view = new JobView(SENT, { "9": before });
    expect(at(view, "9")).toMatchObject({ state: "queued", images: [PICTURE], seconds: null });
    tell(view, 0, ["execution_start", {}], ["executing", { node: "3", display_node: "3" }]);
    tell(view, 0, ["execution_interrupted", { node_id: "3" }], ["executing", { node: null }]);
    expect(states(view)).toEqual({ 9: "done" });
  });

  it("starts over when the server tries again", () => {
    const view = new JobView(SENT);
    tell(view, 0, ["execution_start", {}], ["executing", { node: "4", display_node: "4" }]);
    tell(view, 0, ["execution_start", {}]);
    expect(at(view, "4").state).toBe("queued");
    expect(view.current).toBeNull();
  });

  it("is cancelled when it ends without having begun", () => {
    const view = new JobView(SENT);
    tell(view, null, ["executing", { node: null }]);
    expect(view.state).toBe("cancelled");
    expect(view.nodes.size).toBe(0);
  });

  it("makes one address of many previews and drops those of nodes that are done", () => {
    const view = new JobView(SENT);
    tell(view, 0, ["execution_start", {}], ["executing", { node: "3", display_node: "3" }]);
    const preview = (n: number) => ({ job: "P", node: "3", display: "3", image: new Blob([String(n)]) });
    const made: Blob[] = [];
    view.changes(() => "");
    for (let n = 0; n < 50; n += 1) view.preview(preview(n));
    const changes = view.changes((image) => `blob:${made.push(image)}`);
    expect([...changes]).toEqual([["3", expect.objectContaining({ preview: "blob:1" })]]);
    tell(view, 0, ["progress_state", { nodes: { "3": { node_id: "3", state: "finished" } } }]);
    view.preview(preview(51));
    expect(at(view, "3").preview).toBeNull();
    expect(view.changes(() => "blob:no").get("3")?.preview).toBeNull();
  });
});

describe("what nodes warn of", () => {
  const warning = (node: string, message = "gone") =>
    ["node_warning", { node, display_node: node, message }] as [string, Record<string, Json>];

  it("stays with the node when it is done, each once", () => {
    const view = new JobView(SENT);
    tell(view, 0, ["execution_start", {}], ["executing", { node: "6", display_node: "6" }]);
    tell(view, 0, warning("6"), warning("6", "other"), warning("6"));
    tell(view, 0, ["execution_success", {}], ["executing", { node: null }]);
    expect(at(view, "6")).toMatchObject({ state: "done", warnings: ["gone", "other"] });
  });

  it("goes when the node runs again without, and stays while it waits", () => {
    const before = { 6: { ...QUEUED, state: "done", warnings: ["gone"] } } as const;
    const view = new JobView(SENT, before);
    tell(view, 0, ["execution_start", {}], ["execution_cached", { nodes: ["4"] }]);
    expect(at(view, "6").warnings).toEqual(["gone"]);
    tell(view, 0, ["executing", { node: "6", display_node: "6" }]);
    expect(at(view, "6").warnings).toEqual([]);
  });

  it("is what the server says of a result that is used again, no more and no less", () => {
    const before = { 6: { ...QUEUED, state: "done", warnings: ["old"] } } as const;
    const view = new JobView(SENT, before);
    record(
      view,
      { type: "run_started" },
      { type: "run_cached", nodes: ["6", "4"] },
      { type: "node_warned", node_id: "6", message: "gone" },
      { type: "run_finished", status: "success" },
    );
    expect(at(view, "6")).toMatchObject({ state: "cached", warnings: ["gone"] });
  });
});

describe("pictures the safety policy replaced", () => {
  const second = { ...PICTURE, filename: "x_00002_.png" };
  const shown = (output: Record<string, Json>) => {
    const view = new JobView(SENT);
    tell(view, 0, ["execution_start", {}], ["executed", { node: "9", output }]);
    return at(view, "9");
  };

  it("are marked, those of later calls too, and the words for it are left to the page", () => {
    const { images, texts } = shown({
      images: [PICTURE, second],
      safety: [
        { pictures: 1, replaced: [], unmarked: [] },
        { pictures: 1, replaced: [0], unmarked: [] },
      ],
      text: ["1 of 1 pictures replaced by the safety policy", "saved"],
    });
    expect(images).toEqual([PICTURE, { ...second, replaced: true }]);
    expect(texts).toEqual(["saved"]);
  });

  it("mark every file where one holds many pictures", () => {
    const { images } = shown({ images: [PICTURE], safety: [{ pictures: 8, replaced: [3], unmarked: [] }] });
    expect(images).toEqual([{ ...PICTURE, replaced: true }]);
  });
});

describe("a run as the server wrote it down", () => {
  it("has the reasons, times and sources of all nodes", () => {
    const view = new JobView(SENT);
    record(
      view,
      { type: "run_started", seq: 1, nodes: 5 },
      { type: "run_cached", seq: 2, nodes: ["4"] },
      { type: "node_finished", seq: 3, node_id: "4", source: "disk" },
      {
        type: "node_started",
        seq: 4,
        node_id: "3",
        reason: { code: "input_changed", detail: "seed differs" },
      },
      { type: "node_finished", seq: 5, node_id: "3", source: "run", usage: { seconds: 4.25 } },
      {
        type: "node_finished",
        seq: 6,
        node_id: "9",
        source: "run",
        usage: { seconds: 0.1 },
        ui: { images: [PICTURE] },
      },
      { type: "run_finished", seq: 7, status: "success" },
    );
    expect(at(view, "3")).toMatchObject({ state: "done", seconds: 4.25, reason: { code: "input_changed" } });
    expect(at(view, "4")).toMatchObject({ state: "cached", seconds: null });
    expect(at(view, "9").images).toEqual([PICTURE]);
    expect(view.state).toBe("success");
  });

  it("pins a failure inside what grew to the node that shows it", () => {
    const view = new JobView(new Map([["5", []]]));
    const error = { node_id: "5.0.0.1", exception_type: "E", message: "no", suggestion: "do this" };
    record(view, { type: "node_failed", error, origin: { display: "5", parent: "5", root: "5" } });
    expect(at(view, "5")).toMatchObject({ state: "failed", error: { type: "E", message: "no\ndo this" } });
  });
});

describe("subgraphs", () => {
  const inside: Sent = new Map([
    ["12:1", []],
    ["12:7:3", ["12:1"]],
  ]);

  it("show what the nodes inside do together, at every level", () => {
    const view = new JobView(inside);
    tell(view, 0, ["execution_start", {}], ["executing", { node: "12:1", display_node: "12:1" }]);
    const running = view.changes(() => "");
    expect([...running.keys()].sort()).toEqual(["12", "12:1", "12:7", "12:7:3"]);
    expect(running.get("12")).toMatchObject({ state: "running", progress: [0, 2] });
    expect(running.get("12:7")).toMatchObject({ state: "queued" });
    const finished = (node: string) => ({ nodes: { [node]: { node_id: node, state: "finished" } } });
    tell(view, 1000, ["progress_state", finished("12:1")], ["executing", { node: "12:7:3" }]);
    tell(view, 3000, ["progress_state", finished("12:7:3")]);
    expect(view.changes(() => "").get("12")).toMatchObject({ state: "done", seconds: 3, progress: null });
  });

  it("fail with the node inside", () => {
    const view = new JobView(inside);
    tell(view, 0, ["execution_start", {}], ["execution_error", { node_id: "12:7:3", exception_type: "E" }]);
    expect(view.changes(() => "").get("12")).toMatchObject({ state: "failed", error: { type: "E" } });
  });
});
