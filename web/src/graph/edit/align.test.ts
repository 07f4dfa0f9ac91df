import { expect, test } from "vitest";
import { Draft } from "../change";
import { type Point, ROOT } from "../document";
import { documentOf, graphOf, nodeIn, nodeOf } from "../toys";
import * as edit from "./index";

/** Nodes of 100 × 40, 200 × 80 and 100 × 60. */
function start(): Draft {
  const sizes: Point[] = [
    [100, 40],
    [200, 80],
    [100, 60],
  ];
  const places: Point[] = [
    [0, 100],
    [300, 0],
    [120, 400],
  ];
  const nodes = sizes.map((size, index) => nodeOf(index + 1, "A", { size, pos: places[index] ?? [0, 0] }));
  return new Draft(documentOf(graphOf(nodes)));
}
const all = ["1", "2", "3"];
const positions = (draft: Draft) => all.map((key) => nodeIn(draft.document, key).pos);

test.each([
  [
    "left",
    [
      [0, 100],
      [0, 0],
      [0, 400],
    ],
  ],
  [
    "right",
    [
      [400, 100],
      [300, 0],
      [400, 400],
    ],
  ],
  [
    "top",
    [
      [0, 0],
      [300, 0],
      [120, 0],
    ],
  ],
  [
    "bottom",
    [
      [0, 420],
      [300, 380],
      [120, 400],
    ],
  ],
  [
    "centreX",
    [
      [200, 100],
      [150, 0],
      [200, 400],
    ],
  ],
] as const)("align %s", (edge, expected) => {
  const draft = start();
  edit.align(draft, ROOT, all, edge);
  expect(positions(draft)).toEqual(expected);
});

test("the middles of frames, titles included, come to one line", () => {
  const draft = start();
  edit.align(draft, ROOT, all, "centreY");
  const middles = all.map((key) => {
    const { pos, size } = nodeIn(draft.document, key);
    return pos[1] - 30 + (size[1] + 30) / 2;
  });
  expect(new Set(middles).size).toBe(1);
});

test("gaps become equal, the outer ones stay", () => {
  const draft = start();
  edit.distribute(draft, ROOT, all, "x");
  expect(positions(draft).map(([x]) => x)).toEqual([0, 300, 150]);
  edit.distribute(draft, ROOT, ["1", "2"], "y");
  expect(positions(draft).map(([, y]) => y)).toEqual([100, 0, 400]);
});

test("sizes become those of the largest", () => {
  const draft = start();
  edit.sameSize(draft, ROOT, all, "x");
  expect(all.map((key) => nodeIn(draft.document, key).size)).toEqual([
    [200, 40],
    [200, 80],
    [200, 60],
  ]);
  edit.sameSize(draft, ROOT, all.values(), "both");
  expect(nodeIn(draft.document, "1").size).toEqual([200, 80]);
});

test("pinned nodes are no part of it", () => {
  const draft = start();
  edit.setPinned(draft, ROOT, ["1"], true);
  edit.align(draft, ROOT, all, "left");
  expect(positions(draft)).toEqual([
    [0, 100],
    [120, 0],
    [120, 400],
  ]);
});
