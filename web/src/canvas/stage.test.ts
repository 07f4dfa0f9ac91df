import { beforeEach, describe, expect, it } from "vitest";
import type { Graph, NodeRecord } from "@/graph/document";
import { tableOf } from "@/graph/table";
import { nodeOf } from "@/graph/toys";
import { restage, useStage } from "./stage";

/** A row of nodes, 400 apart. */
function row(count: number): Graph {
  const nodes = Array.from({ length: count }, (_, at): [string, NodeRecord] => [
    String(at),
    nodeOf(at, "KSampler", { pos: [at * 400, 30], size: [315, 262] }),
  ]);
  return { nodes: tableOf(nodes), links: tableOf(), groups: tableOf(), info: {} };
}

const NOBODY: ReadonlySet<string> = new Set();
const look = (width: number, more: Partial<Parameters<typeof restage>[1]> = {}) => ({
  screen: { x: 0, y: 0, width, height: 800 },
  zoom: 1,
  hot: NOBODY,
  budget: 1000,
  ...more,
});
const mounted = () => [...useStage.getState().mounted];

describe("what is mounted", () => {
  beforeEach(() => useStage.setState({ mounted: new Set(), isFar: false, isTiny: false }));

  it("is what is on screen and a little more", () => {
    restage(row(100), look(1000));
    expect(mounted()).toEqual(["0", "1", "2"]);
  });

  it("comes a few at a time", () => {
    const graph = row(100);
    expect(restage(graph, look(4000, { budget: 4 }))).toBe(true);
    expect(mounted()).toHaveLength(4);
    expect(restage(graph, look(4000, { budget: 100 }))).toBe(false);
    expect(mounted()).toHaveLength(11);
  });

  it("goes later than it came, so that a small move changes nothing", () => {
    const graph = row(100);
    restage(graph, look(1000));
    const before = useStage.getState().mounted;
    restage(graph, look(1000, { screen: { x: 500, y: 0, width: 100, height: 800 } }));
    expect(useStage.getState().mounted).toBe(before);
    restage(graph, look(1000, { screen: { x: 20_000, y: 0, width: 100, height: 800 } }));
    expect(mounted()).not.toContain("0");
  });

  it("is nothing but what is needed when many nodes are in sight", () => {
    const graph = row(1000);
    const far = look(100_000, { zoom: 0.1, hot: new Set(["7"]) });
    expect(restage(graph, far)).toBe(false);
    expect(mounted()).toEqual(["7"]);
    expect(useStage.getState()).toMatchObject({ isFar: true, isTiny: true });
  });

  it("does not flicker between near and far", () => {
    const graph = row(1000);
    restage(graph, look(100 * 400));
    expect(useStage.getState().isFar).toBe(true);
    restage(graph, look(75 * 400));
    expect(useStage.getState().isFar).toBe(true);
    restage(graph, look(40 * 400));
    expect(useStage.getState().isFar).toBe(false);
    restage(graph, look(75 * 400));
    expect(useStage.getState().isFar).toBe(false);
  });
});
