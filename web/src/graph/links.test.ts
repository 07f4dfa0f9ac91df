import { expect, test } from "vitest";
import { passedInput } from "./bypass";
import { linkIndex, pathBetween, reach } from "./links";
import { uniqueName } from "./ports";
import { socketsOf } from "./sockets";
import { DEFS, graphIn, graphOf, linkOf, nodeOf, textToImage } from "./toys";

const graph = graphIn(textToImage());

test("links are found from both ends", () => {
  const index = linkIndex(graph);
  expect([...index.into("5").keys()]).toEqual(["model", "positive", "negative", "latent_image"]);
  expect(index.outOf("1").map((link) => link.to)).toEqual(["5", "2", "3", "6"]);
  expect(linkIndex(graph)).toBe(index);
});

test("of two links into one input the first counts, and both are there to be removed", () => {
  const links = [linkOf(1, "1:0", "3:model", "MODEL"), linkOf(2, "2:0", "3:model", "MODEL")];
  const index = linkIndex(graphOf([], links));
  expect(index.into("3").get("model")?.id).toBe(1);
  expect(index.allInto("3").map((link) => link.id)).toEqual([1, 2]);
});

test("a node reaches what it needs, and what needs it", () => {
  expect([...reach(graph, "5", "up")].sort()).toEqual(["1", "2", "3", "4", "5"]);
  expect([...reach(graph, "5", "down")].sort()).toEqual(["5", "6", "7"]);
});

test("the way between two nodes is the shortest one", () => {
  expect(pathBetween(graph, "1", "7")).toEqual(["1", "6", "7"]);
  expect(pathBetween(graph, "7", "1")).toBeNull();
});

test("links that go round do not keep it busy for ever", () => {
  const loop = graphOf([], [linkOf(1, "1:0", "2:a", "A"), linkOf(2, "2:0", "1:a", "A")]);
  expect([...reach(loop, "1", "down")].sort()).toEqual(["1", "2"]);
});

test.each([
  ["LoraLoader", 0, "MODEL", "model"],
  ["LoraLoader", 1, "CLIP", "clip"],
  ["KSampler", 0, "LATENT", "latent_image"],
  ["VAEDecode", 0, "IMAGE", undefined],
  ["CheckpointLoaderSimple", 0, "MODEL", undefined],
  ["VAEEncode", 0, "*", "pixels"],
])("a bypassed %s passes to output %i as %s: %s", (type, output, wanted, name) => {
  const { inputs, outputs } = socketsOf(nodeOf(1, type), DEFS.get(type));
  expect(passedInput(inputs, output, outputs[output]?.type ?? "*", wanted)?.name).toBe(name);
});

test("names are made unique by counting", () => {
  expect(uniqueName("model", ["clip"])).toBe("model");
  expect(uniqueName("model", ["model", "model_1"])).toBe("model_2");
  expect(uniqueName("", [])).toBe("value");
});
