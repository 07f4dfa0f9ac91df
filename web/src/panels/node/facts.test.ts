import { expect, test } from "vitest";
import { type NodeDef, readDef, readDefs } from "@/graph/defs";
import { givers, rangeOf, rows, siblings, startsAs, takers } from "./facts";

const node = (input: Record<string, unknown>, output: string[] = [], more = {}): NodeDef =>
  readDef("A", JSON.parse(JSON.stringify({ input: { required: input }, output, ...more })));

test("inputs that differ by a number only share a row", () => {
  const blocks = Object.fromEntries([0, 1, 2, 3].map((n) => [`block.${n}.`, ["FLOAT", { default: 1 }]]));
  const { inputs } = node({ first: ["FLOAT", { default: 1 }], ...blocks, a1: ["INT"], a2: ["INT"] });
  expect(rows(inputs).map((row) => row.label)).toEqual(["first", "block.0. … block.3.", "a1", "a2"]);
});

test("a number says its bounds; its step only if that is not one", () => {
  const { inputs } = node({
    steps: ["INT", { min: 1, max: 10_000 }],
    cfg: ["FLOAT", { min: 0, max: 100, step: 0.1 }],
    seed: ["INT", { min: 0, max: 2 ** 64 }],
    model: ["MODEL"],
    free: ["INT", {}],
  });
  expect(inputs.map(rangeOf)).toEqual([
    { min: "1", max: "10000", step: null },
    { min: "0", max: "100", step: "0.1" },
    { min: "0", max: "1.8e+19", step: null },
    null,
    null,
  ]);
});

test("a widget says what it starts as, if that is anything", () => {
  const { inputs } = node({
    steps: ["INT", { default: 20 }],
    on: ["BOOLEAN", { default: false }],
    name: [["euler", "ddim"], {}],
    text: ["STRING", { default: "" }],
    bare: ["INT", {}],
    model: ["MODEL"],
  });
  expect(inputs.map(startsAs)).toEqual(["20", "false", "euler", null, null, null]);
});

const DEFS = readDefs({
  Rare: { output: ["MODEL"], output_name: ["MODEL"], category: "loaders" },
  CheckpointLoaderSimple: { output: ["MODEL", "CLIP"], output_name: ["MODEL", "CLIP"], category: "loaders" },
  Old: { output: ["MODEL"], output_name: ["MODEL"], category: "loaders", deprecated: true },
  Anything: { output: ["*"], output_name: ["*"], input: { required: { any: ["*"] } } },
  KSampler: { input: { required: { model: ["MODEL"], cfg: ["FLOAT", {}] } }, output: ["LATENT"] },
  Number: { output: ["FLOAT"], output_name: ["FLOAT"] },
});

test("an input leads to nodes that give what it takes, an output to those that take it", () => {
  const sampler = DEFS.get("KSampler") as NodeDef;
  const loader = DEFS.get("CheckpointLoaderSimple") as NodeDef;
  const names = (defs: readonly NodeDef[]) => defs.map((def) => def.name);
  expect(sampler.inputs.map((input) => names(givers(DEFS, sampler, input)))).toEqual([
    ["CheckpointLoaderSimple", "Rare"],
    [],
  ]);
  expect(loader.outputs.map((output) => names(takers(DEFS, loader, output)))).toEqual([["KSampler"], []]);
  expect(names(siblings(DEFS, loader))).toEqual(["Rare"]);
});
