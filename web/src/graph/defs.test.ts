import { describe, expect, it } from "vitest";
import { defaultOf, readDef, readDefs } from "./defs";
import { fixture } from "./formats/fixtures";
import type { Json } from "./json";

const input = (spec: Json) => {
  const [found] = readDef("X", { input: { required: { x: spec } } }).inputs;
  if (found === undefined) throw new Error("no input");
  return found;
};

describe("a class", () => {
  it("has its inputs in the order it gives them, required ones first, hidden ones never", () => {
    const def = readDef("X", {
      input: {
        required: { b: ["INT"], a: ["MODEL"], late: ["FLOAT"] },
        optional: { d: ["VAE"], c: ["STRING", {}] },
        hidden: { prompt: "PROMPT" },
      },
      input_order: { required: ["a", "b", "gone"], optional: ["c", "d"], hidden: ["prompt"] },
    });
    expect(def.inputs.map(({ name, optional }) => `${name}${optional ? "?" : ""}`)).toEqual([
      "a",
      "b",
      "late",
      "c?",
      "d?",
    ]);
  });

  it("has outputs by name, or by type where they have none", () => {
    const def = readDef("X", {
      output: ["IMAGE", "MASK", ["a", "b"]],
      output_name: ["picture"],
      output_is_list: [false, true, false],
      output_tooltips: ["what it is"],
    });
    expect(def.outputs).toEqual([
      { name: "picture", type: "IMAGE", isList: false, tooltip: "what it is" },
      { name: "MASK", type: "MASK", isList: true, tooltip: null },
      { name: "COMBO", type: "COMBO", isList: false, tooltip: null },
    ]);
  });

  it("is called by its own name where it has no other", () => {
    expect(readDef("X", {})).toMatchObject({ title: "X", inputs: [], outputs: [], isOutput: false });
    expect(readDef("X", { display_name: "An X", output_node: true })).toMatchObject({
      title: "An X",
      isOutput: true,
    });
  });

  it("that is no object is left out", () => {
    expect([...readDefs({ A: {}, B: null, C: "x" }).keys()]).toEqual(["A"]);
  });

  it("of the server is read whole", () => {
    const defs = readDefs(fixture("object_info"));
    expect(defs.get("KSampler")?.inputs.map(({ name, widget }) => [name, widget])).toEqual([
      ["model", null],
      ["seed", "INT"],
      ["steps", "INT"],
      ["cfg", "FLOAT"],
      ["sampler_name", "COMBO"],
      ["scheduler", "COMBO"],
      ["positive", null],
      ["negative", null],
      ["latent_image", null],
      ["denoise", "FLOAT"],
    ]);
  });
});

describe("an input", () => {
  it.each<[string, Json, string, string | null, readonly Json[]]>([
    ["a list of choices", [["a", "b"], {}], "COMBO", "COMBO", ["a", "b"]],
    ["choices of the newer form", ["COMBO", { options: ["a"] }], "COMBO", "COMBO", ["a"]],
    ["a socket", ["MODEL"], "MODEL", null, []],
    ["a widget type that is forced to be a socket", ["INT", { forceInput: true }], "INT", null, []],
    ["a type of its own with a known widget", ["SEED", { widgetType: "INT" }], "SEED", "INT", []],
    ["several types", ["IMAGE,MASK"], "IMAGE,MASK", null, []],
    ["nothing that can be read", [], "*", null, []],
  ])("of %s", (_, spec, type, widget, choices) => {
    expect(input(spec)).toMatchObject({ type, widget, choices });
  });

  it.each<[Json, Json]>([
    [["INT", { default: 5 }], 5],
    [["INT"], 0],
    [["FLOAT", { default: "x" }], 0],
    [["BOOLEAN", { default: true }], true],
    [["BOOLEAN"], false],
    [["STRING", { default: "x" }], "x"],
    [["STRING"], ""],
    [[["a", "b"]], "a"],
    [[["a", "b"], { default: "b" }], "b"],
    [[[]], null],
  ])("%j starts as %j", (spec, value) => {
    expect(defaultOf(input(spec))).toBe(value);
  });
});
