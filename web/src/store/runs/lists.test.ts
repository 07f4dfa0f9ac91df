// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Job } from "./queue";

const server = vi.hoisted(() => {
  const state = { asked: [] as string[], answers: new Map<string, unknown>() };
  globalThis.fetch = async (input) => {
    const request = input instanceof Request ? input : new Request(input);
    const { pathname, search } = new URL(request.url);
    state.asked.push(`${request.method} ${pathname}${search}`);
    const found = state.answers.get(`${pathname}${search}`) ?? state.answers.get(pathname);
    return found === undefined ? new Response("", { status: 404 }) : Response.json(found);
  };
  return state;
});

const { merged, moreHistory, refreshHistory, useHistory } = await import("./history");
const { moved, refreshQueue, useQueue } = await import("./queue");
const { feed } = await import("./live");

function job(id: string, more: Partial<Job> = {}): Job {
  return {
    id,
    status: "pending",
    state: "pending",
    priority: 1,
    attempts: 0,
    create_time: 0,
    outputs_count: 0,
    previewable_outputs_count: 0,
    files: [],
    nodes_run: 0,
    nodes_cached: 0,
    ...more,
  };
}
const ids = (jobs: readonly Job[]) => jobs.map(({ id }) => id);

beforeEach(() => {
  server.asked.length = 0;
  server.answers.clear();
  useHistory.setState({ jobs: [], hasMore: true, isLoaded: false, error: null });
});

describe("the queue", () => {
  const answers = (jobs: readonly Job[], order: readonly string[]) => {
    server.answers.set("/api/v1/queue", {
      paused: false,
      pending: order.length,
      running: [],
      order,
      workers: [],
    });
    server.answers.set("/api/v1/jobs", { jobs, pagination: {} });
  };

  it("shows jobs in the order they will run, not in the one they came", async () => {
    answers([job("a"), job("r", { status: "in_progress" }), job("b"), job("c")], ["c", "a", "b"]);
    await refreshQueue();
    expect(ids(useQueue.getState().pending)).toEqual(["c", "a", "b"]);
    expect(ids(useQueue.getState().running)).toEqual(["r"]);
  });

  it("asks once more, not many times more, for what changed while it was asking", async () => {
    answers([], []);
    await Promise.all(Array.from({ length: 20 }, () => refreshQueue()));
    await vi.waitFor(() => expect(server.asked.filter((one) => one.includes("/queue"))).toHaveLength(2));
  });

  it("lets go of jobs of ours that were taken out or forgotten, but not of one that is being sent", async () => {
    const taken = { retold: true };
    feed.follow("gone", "doc", new Map(), taken);
    feed.follow("waits", "doc", new Map(), taken);
    feed.follow("forgotten", "doc", new Map(), taken);
    feed.follow("being-sent", "doc", new Map());
    answers([job("waits")], ["waits"]);
    server.answers.set("/api/v1/jobs/gone", job("gone", { state: "cancelled", status: "cancelled" }));
    await refreshQueue();
    expect([...feed.following.keys()]).toEqual(["waits", "being-sent"]);
  });

  it("moves a job before and after others, and nowhere if it is gone", () => {
    const jobs = ["a", "b", "c"].map((id) => job(id));
    expect(ids(moved(jobs, "c", { before: "a" }))).toEqual(["c", "a", "b"]);
    expect(ids(moved(jobs, "a", { after: "b" }))).toEqual(["b", "a", "c"]);
    expect(moved(jobs, "x", { after: "b" })).toBe(jobs);
  });
});

describe("the history", () => {
  const page = (offset: number, jobs: readonly Job[], has_more: boolean) =>
    server.answers.set(`/api/v1/jobs?status=completed,failed,cancelled&limit=50&offset=${offset}`, {
      jobs,
      pagination: { offset, has_more },
    });
  const encoded = (offset: number) =>
    `/api/v1/jobs?status=completed%2Cfailed%2Ccancelled&limit=50&offset=${offset}`;
  const answerBoth = (offset: number, jobs: readonly Job[], has_more: boolean) => {
    page(offset, jobs, has_more);
    server.answers.set(encoded(offset), { jobs, pagination: { offset, has_more } });
  };

  it("pages on from what is there and ends at its end", async () => {
    answerBoth(0, [job("d"), job("c")], true);
    await refreshHistory();
    expect(useHistory.getState().hasMore).toBe(true);
    answerBoth(2, [job("b"), job("a")], false);
    await moreHistory();
    expect(ids(useHistory.getState().jobs)).toEqual(["d", "c", "b", "a"]);
    expect(useHistory.getState().hasMore).toBe(false);
    server.asked.length = 0;
    await moreHistory();
    expect(server.asked).toEqual([]);
  });

  it("takes new entries in at the top and keeps the older pages", async () => {
    useHistory.setState({ jobs: [job("c"), job("b"), job("a")], hasMore: false });
    const [first] = useHistory.getState().jobs;
    answerBoth(0, [job("d"), job("c")], true);
    await refreshHistory();
    expect(ids(useHistory.getState().jobs)).toEqual(["d", "c", "b", "a"]);
    expect(useHistory.getState().jobs[1]).toBe(first);
    expect(useHistory.getState().hasMore).toBe(false);
  });

  it("has each job once, as it was told last", () => {
    const both = merged([job("b", { name: "new" }), job("a")], [job("b", { name: "old" })]);
    expect(both.map(({ id, name }) => [id, name])).toEqual([
      ["b", "new"],
      ["a", undefined],
    ]);
  });

  it("keeps what it has when the server is away", async () => {
    useHistory.setState({ jobs: [job("a")] });
    await refreshHistory();
    expect(ids(useHistory.getState().jobs)).toEqual(["a"]);
    expect(useHistory.getState().error?.status).toBe(404);
  });
});
