import { describe, expect, it } from "vitest";
import type { Document, Graph } from "@/graph/document";
import { tableOf } from "@/graph/table";
import { along, lineAt, linesOf, stops } from "./wires";

function node(id: number, x: number, y: number) {
  return {
    id,
    type: "X",
    pos: [x, y] as const,
    size: [100, 60] as const,
    mode: 0,
    title: null,
    flags: {},
    color: null,
    bgcolor: null,
    inputs: [{ name: "a", type: "LATENT", rest: {} }],
    outputs: [{ name: "b", type: "LATENT", rest: {} }],
    values: null,
    properties: {},
    rest: {},
  };
}

function documentOf(info: Graph["info"] = {}): { document: Document; graph: Graph } {
  const graph: Graph = {
    nodes: tableOf([
      ["1", node(1, 0, 30)],
      ["2", node(2, 500, 30)],
    ]),
    links: tableOf([
      ["7", { id: 7, from: "1", fromSlot: 0, to: "2", toInput: "a", type: "LATENT", rest: {} }],
    ]),
    groups: tableOf(),
    info,
  };
  return { document: { graphs: tableOf([["root", graph]]) }, graph };
}

describe("links as lines", () => {
  const { document, graph } = documentOf();
  const lines = linesOf(document, new Map(), graph);

  it("run from the output's right edge to the input's left edge", () => {
    const [line] = lines.lines;
    expect(line && stops(line, lines.corners)).toEqual([
      [100, 44],
      [500, 44],
    ]);
  });

  it("follow nodes that are dragged", () => {
    const [line] = lines.lines;
    const moved = new Map(lines.corners).set("2", [500, 100]);
    expect(line && stops(line, moved)[1]).toEqual([500, 144]);
  });

  it("are found by a point near them, in every style, and by none far off", () => {
    for (const style of ["spline", "linear", "straight"] as const) {
      expect(lineAt(lines, lines.corners, style, [300, 46], 5), style).toBe("7");
      expect(lineAt(lines, lines.corners, style, [300, 60], 5), style).toBeNull();
      expect(lineAt(lines, lines.corners, style, [50, 44], 5), style).toBeNull();
    }
  });

  it("begin and end where they should, whatever the style", () => {
    for (const style of ["spline", "linear", "straight"] as const) {
      expect(along(style, [0, 0], [100, 50], 0).map(Math.round)).toEqual([0, 0]);
      expect(along(style, [0, 0], [100, 50], 1).map(Math.round)).toEqual([100, 50]);
    }
  });

  it("go through native reroute points, from the first to the last", () => {
    const points = documentOf({
      extra: {
        reroutes: [
          { id: 1, pos: [200, 0], linkIds: [7] },
          { id: 2, parentId: 1, pos: [300, 90], linkIds: [7] },
        ],
        linkExtensions: [{ id: 7, parentId: 2 }],
      },
    });
    const bent = linesOf(points.document, new Map(), points.graph);
    expect(bent.lines[0]?.via.map((via) => via.at)).toEqual([
      [200, 0],
      [300, 90],
    ]);
    expect(lineAt(bent, bent.corners, "linear", [200, 0], 5)).toBe("7");
  });

  it("do not hang in a circle of points that a broken file has", () => {
    const circle = documentOf({
      extra: {
        reroutes: [
          { id: 1, parentId: 2, pos: [200, 0] },
          { id: 2, parentId: 1, pos: [300, 90] },
        ],
        linkExtensions: [{ id: 7, parentId: 2 }],
      },
    });
    expect(linesOf(circle.document, new Map(), circle.graph).lines[0]?.via).toHaveLength(2);
  });
});
