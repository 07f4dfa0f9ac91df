import { beforeEach, describe, expect, it, vi } from "vitest";
import type { JsonObject } from "@/graph/json";
import type { FakeWorkflows } from "./testing";

const server = vi.hoisted(() => {
  const state: { workflows: FakeWorkflows | null; asked: string[] } = { workflows: null, asked: [] };
  // The typed client keeps the function that is there when it is made.
  globalThis.fetch = async (input) => {
    if (state.workflows === null) throw new TypeError("Failed to fetch");
    const request = input instanceof Request ? input : new Request(input);
    const path = request.url.replace(/^https?:\/\/[^/]+\/api\/v1/, "");
    state.asked.push(path);
    const answer = state.workflows.answer(request.method, path, {});
    return answer ?? new Response("{}", { status: 404 });
  };
  return state;
});

const { FakeWorkflows: Fake } = await import("./testing");
const { moreVersions, noteVersions, showTimeline, useTimeline } = await import("./timeline");

describe("the timeline", () => {
  let workflows: FakeWorkflows;
  const add = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const document: JsonObject = { nodes: [workflows.head("fox")?.number ?? 0] };
      if (workflows.kept.has("fox")) {
        workflows.commit("fox", { document, branch: "main", parent: workflows.head("fox")?.id ?? null });
      } else workflows.create({ name: "fox", document });
    }
  };
  const numbers = () => useTimeline.getState().versions.map(({ number }) => number);
  const countDown = (from: number, to: number) =>
    Array.from({ length: from - to + 1 }, (_, index) => from - index);

  beforeEach(async () => {
    workflows = new Fake();
    server.workflows = workflows;
    server.asked = [];
    await showTimeline(null);
  });

  it("shows the newest and fetches older ones page by page", async () => {
    add(450);
    await showTimeline("fox");
    expect(numbers()).toEqual(countDown(450, 251));
    await moreVersions();
    await moreVersions();
    expect(numbers()).toEqual(countDown(450, 1));
    expect(useTimeline.getState().hasMore).toBe(false);
    server.asked = [];
    await moreVersions();
    expect(server.asked).toEqual([]);
  });

  it("asks once while a page is on its way", async () => {
    add(250);
    await showTimeline("fox");
    server.asked = [];
    await Promise.all([moreVersions(), moreVersions()]);
    expect(server.asked).toHaveLength(1);
    expect(numbers()).toEqual(countDown(250, 1));
  });

  it("keeps what it has when something is added", async () => {
    add(450);
    await showTimeline("fox");
    await moreVersions();
    add(2);
    await showTimeline("fox");
    expect(numbers()).toEqual(countDown(452, 51));
  });

  it("begins anew where too much was added to know what lies between", async () => {
    add(250);
    await showTimeline("fox");
    add(300);
    await showTimeline("fox");
    expect(numbers()).toEqual(countDown(550, 351));
    expect(useTimeline.getState().hasMore).toBe(true);
  });

  it("leaves the list as it was, and says so, while the server is away", async () => {
    add(3);
    await showTimeline("fox");
    server.workflows = null;
    await showTimeline("fox");
    expect(numbers()).toEqual([3, 2, 1]);
    expect(useTimeline.getState().error?.unreachable).toBe(true);
  });

  it("does not ask for a workflow that is not shown", () => {
    noteVersions("another");
    expect(server.asked).toEqual([]);
  });
});
