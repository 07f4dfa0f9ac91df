// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { readDefs } from "@/graph/defs";
import { read } from "@/graph/formats/read";
import { isObject, type JsonObject } from "@/graph/json";

interface Sent {
  readonly body: JsonObject;
  readonly key: string | null;
}

const server = vi.hoisted(() => {
  const sent: unknown[] = [];
  const state = { sent, reply: (_: number): Response | Error => new Response("{}") };
  globalThis.fetch = async (input) => {
    const request = input instanceof Request ? input : new Request(input);
    const body: unknown = JSON.parse((await request.text()) || "null");
    sent.push({ body, key: request.headers.get("Idempotency-Key") });
    const reply = state.reply(sent.length);
    if (reply instanceof Error) throw reply;
    return reply;
  };
  return state;
});

const { open, undo, useEditor, watchChanges } = await import("../editor");
const { useDefs } = await import("../defs");
const { useTabs } = await import("../persist/tabs");
const { useRuns } = await import("../runs");
const { useSettings } = await import("../settings");
const { useRunBar } = await import("./bar");
const { feed } = await import("./live");
const { runGraph } = await import("./submit");

const DEFS = readDefs({
  Source: {
    input: { required: { seed: ["INT", { min: 0, max: 99, control_after_generate: true }] } },
    output: ["IMAGE"],
  },
  Keep: { input: { required: { images: ["IMAGE", {}] } }, output: [], output_node: true },
});
const FILE = {
  id: "w",
  version: 0.4,
  nodes: [
    {
      id: 1,
      type: "Source",
      pos: [0, 0],
      size: [1, 1],
      outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }],
      widgets_values: [7, "increment"],
    },
    { id: 2, type: "Keep", pos: [0, 0], size: [1, 1], inputs: [{ name: "images", type: "IMAGE", link: 1 }] },
  ],
  links: [[1, 1, 0, 2, 0, "IMAGE"]],
};

const sent = () => server.sent as Sent[];
const seeds = () => sent().map(({ body }) => at(body, "prompt", "1", "inputs", "seed"));
const seedNow = () => useEditor.getState().document.graphs.by["root"]?.nodes.by["1"]?.values;
function at(value: unknown, ...path: string[]): unknown {
  return path.reduce((found, key) => (isObject(found) ? found[key] : undefined), value);
}
const accepted = () => Response.json({ prompt_id: "P", number: 1, node_errors: {} });
const refused = () =>
  Response.json(
    {
      error: { type: "prompt_outputs_failed_validation", message: "no", details: "", extra_info: {} },
      node_errors: {
        "2": { errors: [{ type: "custom_validation_failed", message: "no", details: "", extra_info: {} }] },
      },
    },
    { status: 400 },
  );

let doc = 0;
beforeEach(() => {
  server.sent.length = 0;
  server.reply = accepted;
  useDefs.setState({ defs: DEFS, status: "ready" });
  useSettings.setState({ control: "after" });
  doc += 1;
  open({ docId: `doc-${doc}`, name: "fox", document: read(FILE).document });
});

describe("a run", () => {
  it("is sent with its graph, its workflow, its name and the tab it belongs to", async () => {
    expect(await runGraph({ front: true })).toBe(1);
    const [{ body, key } = { body: {}, key: null }] = sent();
    expect(at(body, "prompt", "2", "inputs", "images")).toEqual(["1", 0]);
    expect(at(body, "extra_data", "extra_pnginfo", "workflow", "nodes")).toHaveLength(2);
    expect(at(body, "extra_data", "workflow_name")).toBe("fox");
    expect(body["front"]).toBe(true);
    expect(body["client_id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
    expect([...feed.following.keys()]).toContain(body["prompt_id"]);
  });

  it("says which version it is of, and whether it was edited since", async () => {
    const docId = `doc-${doc}`;
    const home = { kind: "version", branch: "main", version: "abc", number: 3 } as const;
    const tab = { docId, name: "fox", title: null, home, isSaved: true, isElsewhere: false };
    const kept = { localTrouble: "", server: "kept", serverDetail: "" } as const;
    useTabs.setState({ tabs: [{ ...tab, ...kept }], active: docId });
    await runGraph({ count: 2 });
    useTabs.setState({ tabs: [], active: "" });
    const origins = sent().map(({ body }) => at(body, "extra_data", "darkroom"));
    // The second has another seed than the version.
    expect(origins).toEqual([
      { workflow: "fox", version: "abc", modified: false },
      { workflow: "fox", version: "abc", modified: true },
    ]);
    await runGraph();
    expect(at(sent()[2]?.body, "extra_data", "darkroom")).toBeUndefined();
  });

  it("moves seeds on after each of a batch, as one step that can be undone", async () => {
    const changes = vi.fn();
    const stop = watchChanges(changes);
    expect(await runGraph({ count: 3 })).toBe(3);
    expect(seeds()).toEqual([7, 8, 9]);
    expect(seedNow()).toEqual([10, "increment"]);
    expect(changes).toHaveBeenCalledTimes(1);
    undo();
    expect(seedNow()).toEqual([7, "increment"]);
    stop();
  });

  it("moves seeds before each but the first after opening, if that is how it is set", async () => {
    useSettings.setState({ control: "before" });
    await runGraph({ count: 2 });
    expect(seeds()).toEqual([7, 8]);
    expect(seedNow()).toEqual([8, "increment"]);
    await runGraph();
    expect(seeds()).toEqual([7, 8, 9]);
  });

  it("takes the seeds that the press before has left, however fast one presses", async () => {
    await Promise.all([runGraph(), runGraph(), runGraph()]);
    expect(seeds()).toEqual([7, 8, 9]);
  });

  it("that is refused leaves everything as it was and says where it is wrong", async () => {
    server.reply = refused;
    expect(await runGraph({ count: 3 })).toBe(0);
    expect(sent()).toHaveLength(1);
    expect(seedNow()).toEqual([7, "increment"]);
    expect(useRuns.getState().problems).toEqual([
      expect.objectContaining({ code: "custom_validation_failed", node: "2", origin: "server" }),
    ]);
    expect(useRunBar.getState().failure?.status).toBe(400);
    expect(useRunBar.getState().sending).toBe(0);
    server.reply = accepted;
    await runGraph();
    expect(useRuns.getState().problems).toEqual([]);
    expect(useRunBar.getState().failure).toBeNull();
  });

  it("of a batch that breaks off keeps the seeds of those that were taken", async () => {
    server.reply = (count) => (count < 3 ? accepted() : refused());
    expect(await runGraph({ count: 5 })).toBe(2);
    expect(seedNow()).toEqual([9, "increment"]);
  });

  it("is sent again under the same key if no answer comes, and given up in the end", async () => {
    server.reply = (count) => (count < 3 ? new TypeError("connection refused") : accepted());
    expect(await runGraph()).toBe(1);
    expect(new Set(sent().map(({ key }) => key)).size).toBe(1);
    expect(new Set(sent().map(({ body }) => body["prompt_id"])).size).toBe(1);
    server.reply = () => new TypeError("connection refused");
    expect(await runGraph()).toBe(0);
    expect(useRunBar.getState().failure).toMatchObject({ code: "unreachable", unreachable: true });
    expect(seedNow()).toEqual([8, "increment"]);
  });

  it("of a part names its targets and leaves the rest out", async () => {
    await runGraph({ targets: ["2"] });
    expect(sent()[0]?.body["partial_execution_targets"]).toEqual(["2"]);
  });

  it("keeps what was edited while it was on its way", async () => {
    const { perform } = await import("../editor");
    const { writeWidget } = await import("@/graph/widgets");
    server.reply = () => {
      perform("steps:test", (draft, graph) => {
        const node = draft.graph(graph).nodes.by["1"];
        const def = DEFS.get("Source");
        if (node && def) draft.put(graph, "nodes", "1", writeWidget(node, def, "seed", 50));
      });
      return accepted();
    };
    await runGraph();
    expect(seedNow()).toEqual([50, "increment"]);
  });
});
