import { expect, test } from "vitest";
import { ROOT } from "./document";
import { readingOrder } from "./order";
import { outline } from "./outline";
import {
  DEFS,
  documentOf,
  graphIn,
  graphOf,
  groupOf,
  linkOf,
  nodeOf,
  PART,
  textToImage,
  withSubgraph,
} from "./toys";

test("what feeds a node is read before it, from left to right", () => {
  expect(outline(textToImage(), DEFS, ROOT).map((one) => one.node)).toEqual([
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
  ]);
  const backwards = graphOf(
    [nodeOf(1, "A", { pos: [900, 0] }), nodeOf(2, "A", { pos: [0, 0] }), nodeOf(3, "A", { pos: [300, 0] })],
    [linkOf(1, "1:0", "2:a", "A")],
  );
  expect(readingOrder(backwards)).toEqual({ order: ["3", "1", "2"], circular: [] });
});

test("nodes of a circle come last and are named", () => {
  const circle = graphOf(
    [nodeOf(1, "A"), nodeOf(2, "A"), nodeOf(3, "A")],
    [linkOf(1, "1:0", "2:a", "A"), linkOf(2, "2:0", "1:a", "A")],
  );
  expect(readingOrder(circle)).toEqual({ order: ["3", "1", "2"], circular: ["1", "2"] });
});

test("an input tells where it comes from, a widget its value", () => {
  const sampler = outline(textToImage(), DEFS, ROOT).find((one) => one.node === "5");
  const input = (name: string) => sampler?.inputs.find((one) => one.name === name);
  expect(sampler).toMatchObject({ title: "KSampler", isKnown: true, isSubgraph: false, note: null });
  expect(input("positive")).toMatchObject({
    isRequired: true,
    from: { link: 4, node: "2", title: "CLIP Text Encode (Prompt)", socket: "CONDITIONING" },
    value: undefined,
  });
  expect(input("steps")).toMatchObject({ isWidget: true, isRequired: false, from: null, value: 20 });
  expect(sampler?.outputs).toMatchObject([
    { index: 0, label: "LATENT", to: [{ link: 7, node: "6", title: "VAE Decode", socket: "samples" }] },
  ]);
});

test("notes are read, groups and subgraphs told", () => {
  const note = nodeOf(8, "Note", { values: ["mind the seed"], pos: [0, 50], size: [100, 40] });
  const document = documentOf(graphOf([note], [], [groupOf("advice", [-10, 0, 200, 200])]));
  expect(outline(document, DEFS, ROOT)).toMatchObject([{ note: "mind the seed", groups: ["advice"] }]);
  const inside = outline(withSubgraph(), DEFS, PART);
  expect(inside[0]?.inputs[0]?.from).toMatchObject({ node: "-10", title: "Sampling", socket: "model" });
  expect(inside[0]?.outputs[0]?.to).toMatchObject([{ node: "-20", socket: "LATENT" }]);
  expect(outline(withSubgraph(), DEFS, ROOT).filter((one) => one.isSubgraph)).toHaveLength(2);
});

test("every node is in it once", () => {
  const { ids } = graphIn(withSubgraph()).nodes;
  expect(
    outline(withSubgraph(), DEFS, ROOT)
      .map((one) => one.node)
      .sort(),
  ).toEqual([...ids].sort());
  expect(outline(withSubgraph(), DEFS, "nowhere")).toEqual([]);
});
