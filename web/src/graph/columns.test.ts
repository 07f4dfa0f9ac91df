import { expect, test } from "vitest";
import { columns, type Edge, STAKE, shortLinks } from "./columns";

const EDGES: Edge[] = [
  ["a", "b"],
  ["b", "c"],
  ["c", "d"],
  ["a", "d"],
  ["x", "d"],
];

test("links go right, and nodes stand as near as they can to what they feed", () => {
  expect(Object.fromEntries(columns(EDGES) ?? [])).toEqual({ a: 0, b: 1, c: 2, d: 3, x: 2 });
});

test("a circle has no columns", () => {
  expect(columns([...EDGES, ["d", "b"]])).toBeNull();
});

test("short links hold their nodes together, stakes hold the parts in their columns", () => {
  const alone: Edge[] = [...EDGES, ["a", "y"], ["y", "e"], ["d", "e"]];
  const column = columns(alone) ?? new Map<string, number>();
  const spans = shortLinks(alone, column);
  expect(
    spans.every(
      ({ edge: [from, to], span }) =>
        from === STAKE || (column.get(to) ?? 0) - (column.get(from) ?? 0) === span,
    ),
  ).toBe(true);
  expect(spans.some(({ edge: [from] }) => from === STAKE)).toBe(false);
  const apart: Edge[] = [
    ["a", "b"],
    ["c", "d"],
  ];
  expect(shortLinks(apart, columns(apart) ?? new Map())).toEqual([
    { edge: ["a", "b"], span: 1 },
    { edge: ["c", "d"], span: 1 },
    { edge: [STAKE, "a"], span: 1 },
    { edge: [STAKE, "c"], span: 1 },
  ]);
});
