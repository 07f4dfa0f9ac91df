import { describe, expect, it } from "vitest";
import { ROOT } from "@/graph/document";
import { DEFS, documentOf, graphOf, nodeOf } from "@/graph/toys";
import { nodesOf } from "./palette/nodesOf";
import { pathTo } from "./pathTo";

/** `outer` is used twice in the root and holds `inner`; nothing uses `lost`. */
const NESTED = documentOf(graphOf([nodeOf(1, "outer"), nodeOf(2, "outer"), nodeOf(3, "KSampler")]), {
  outer: graphOf([nodeOf(4, "inner")], [], [], { name: "Refine" }),
  inner: graphOf([nodeOf(5, "VAEDecode", { title: "Look" })], [], [], { name: "Decode" }),
  lost: graphOf([nodeOf(6, "VAEDecode")]),
});

describe("the way into a graph", () => {
  it("goes through the first node that shows it", () => {
    expect(pathTo(NESTED, ROOT)).toEqual([]);
    expect(pathTo(NESTED, "inner")).toEqual([
      { graph: ROOT, host: "1", shows: "outer" },
      { graph: "outer", host: "4", shows: "inner" },
    ]);
  });

  it("is none where nothing leads", () => {
    expect(pathTo(NESTED, "lost")).toBeNull();
    expect(pathTo(NESTED, "nowhere")).toBeNull();
  });

  it("ends in a graph that contains itself", () => {
    const circle = documentOf(graphOf([nodeOf(1, "a")]), { a: graphOf([nodeOf(2, "a")]) });
    expect(pathTo(circle, "a")).toHaveLength(1);
  });
});

describe("the nodes of a workflow", () => {
  it("are listed once, with where they lie", () => {
    expect(nodesOf(NESTED, DEFS).map(({ title, detail }) => `${title} | ${detail}`)).toEqual([
      "Refine | Refine #1",
      "Refine | Refine #2",
      "KSampler | KSampler #3",
      "Decode | Refine › Decode #4",
      "Look | Refine › Decode › VAEDecode #5",
    ]);
  });
});
