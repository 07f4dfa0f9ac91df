import { expect, test } from "vitest";
import { defOf } from "./hosts";
import { boundaryInputs, boundaryOutputs, socketsOf } from "./sockets";
import { DEFS, graphIn, nodeIn, nodeOf, PART, slotOf, withSubgraph } from "./toys";

const named = (node: Parameters<typeof socketsOf>[0]) => {
  const { inputs, outputs } = socketsOf(node, DEFS.get(node.type));
  return { inputs: inputs.map((one) => one.name), outputs: outputs.map((one) => one.name) };
};

test("plain sockets come first, then widgets, in the order of the class", () => {
  expect(named(nodeOf(1, "KSampler")).inputs).toEqual([
    ...["model", "positive", "negative", "latent_image"],
    ...["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"],
  ]);
});

test("what only the file knows stands between them", () => {
  const node = nodeOf(1, "VAEDecode", {
    inputs: [slotOf("mask_1", "MASK"), slotOf("samples", "LATENT", { label: "latent" })],
    outputs: [slotOf("IMAGE", "IMAGE"), slotOf("extra", "MASK")],
  });
  expect(named(node)).toEqual({ inputs: ["samples", "vae", "mask_1"], outputs: ["IMAGE", "extra"] });
  expect(socketsOf(node, DEFS.get("VAEDecode")).inputs[0]).toMatchObject({ label: "latent", type: "LATENT" });
});

test("a node of an unknown class shows what its file has", () => {
  const node = nodeOf(1, "Strange", {
    inputs: [slotOf("a", ["x", "y"], { widget: { name: "a" } }), slotOf("b", 0)],
    outputs: [slotOf("many", "IMAGE", { shape: 6 })],
  });
  const { inputs, outputs } = socketsOf(node, undefined);
  expect(inputs).toMatchObject([
    { name: "a", type: "COMBO", isWidget: true, def: null },
    { name: "b", type: "*", isWidget: false },
  ]);
  expect(outputs).toMatchObject([{ index: 0, name: "many", isList: true }]);
});

test("a class that sends no socket for a widget shows none", () => {
  const def = DEFS.get("SaveImage");
  if (def === undefined) throw new Error("no class");
  const inputs = def.inputs.map((input) => ({ ...input, options: { socketless: input.widget !== null } }));
  expect(socketsOf(nodeOf(1, "SaveImage"), { ...def, inputs }).inputs.map((one) => one.name)).toEqual([
    "images",
  ]);
});

test("a host shows its definition's inputs, and its ends show them from inside", () => {
  const document = withSubgraph();
  const host = nodeIn(document, "10");
  const { inputs } = socketsOf(host, defOf(document, DEFS, host));
  expect(inputs.map((one) => [one.name, one.isWidget])).toEqual([
    ["model", false],
    ["latent", false],
    ["seed", true],
    ["steps", true],
  ]);
  const inside = graphIn(document, PART);
  expect(boundaryOutputs(inside).map((one) => [one.index, one.name])).toEqual([
    [0, "model"],
    [1, "latent"],
    [2, "seed"],
    [3, "steps"],
  ]);
  expect(boundaryInputs(inside).map((one) => one.name)).toEqual(["LATENT"]);
});
