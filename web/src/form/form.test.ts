import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FunctionInput } from "@/graph/functions/declaration";
import type { JsonObject } from "@/graph/json";
import { type Field, fieldsOf, hasSlider, wordsOf } from "./fields";
import { refusalIn } from "./refusals";
import { axisValues, countOf, gridBody, rangeValues, readCsv, rowsBody } from "./sweep";
import { bodyOf, queryOf, startValues, troubleOf, valuesIn } from "./values";

const input = (name: string, type: string, more: Partial<FunctionInput> = {}): FunctionInput => ({
  name,
  type,
  targets: [{ node: "1", input: name }],
  ...more,
});

const INPUTS = [
  input("prompt", "STRING", { multiline: true, default: "a fox", required: true }),
  input("steps", "INT", { default: 20, min: 1, max: 50 }),
  input("cfg", "FLOAT", { default: 4.5, min: 0, max: 30, step: 0.1 }),
  input("seed", "INT", { default: 1, min: 0, max: 2 ** 50 }),
  input("sampler", "COMBO", { default: "euler", options: ["euler", "heun"] }),
  input("tags", "COMBO", { options: ["a", "b", "c"] }),
  input("tile", "BOOLEAN", { default: true }),
  input("image", "IMAGE"),
  input("model", "MODEL"),
];
const SCHEMA: JsonObject = {
  properties: {
    prompt: {},
    steps: {},
    cfg: {},
    seed: { "x-seed": true },
    sampler: {},
    tags: { type: "array" },
    tile: {},
    image: { "x-file": "IMAGE" },
  },
};
const FIELDS = fieldsOf(INPUTS, SCHEMA);

function field(name: string): Field {
  const found = FIELDS.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

describe("the fields of a form", () => {
  it("are the inputs a caller can give", () => {
    expect(FIELDS.map((one) => `${one.name} ${one.kind}`)).toEqual([
      "prompt text",
      "steps number",
      "cfg number",
      "seed number",
      "sampler choice",
      "tags choice",
      "tile toggle",
      "image file",
    ]);
    expect(field("prompt")).toMatchObject({ isLong: true, isRequired: true, label: "Prompt" });
    expect(field("tags")).toMatchObject({ isMany: true });
    expect(["negative_prompt", "cfg", "model_id_"].map(wordsOf)).toEqual([
      "Negative prompt",
      "CFG",
      "Model ID",
    ]);
  });

  it("have a slider where a range is small enough", () => {
    const sliders = FIELDS.filter((one) => one.kind === "number" && hasSlider(one));
    expect(sliders.map((one) => one.name)).toEqual(["steps", "cfg"]);
  });
});

describe("the values of a form", () => {
  it("begin with defaults, and with a seed that is drawn", () => {
    expect(startValues(FIELDS)).toEqual({
      prompt: "a fox",
      steps: 20,
      cfg: 4.5,
      seed: "random",
      sampler: "euler",
      tile: true,
    });
    expect(startValues(FIELDS, { steps: 5, unknown: 1 })).toMatchObject({ steps: 5 });
  });

  it("are checked before they are sent", () => {
    expect(troubleOf(field("prompt"), "")).toEqual({ code: "required" });
    expect(troubleOf(field("steps"), 51)).toEqual({ code: "most", limit: 50 });
    expect(troubleOf(field("steps"), 0)).toEqual({ code: "least", limit: 1 });
    expect(troubleOf(field("steps"), 1.5)).toEqual({ code: "whole" });
    expect(troubleOf(field("cfg"), "many")).toEqual({ code: "number" });
    expect(troubleOf(field("sampler"), "dpm")).toEqual({ code: "choice" });
    expect(troubleOf(field("tags"), ["a", "d"])).toEqual({ code: "choice" });
    for (const [name, value] of Object.entries(startValues(FIELDS))) {
      expect(troubleOf(field(name), value)).toBeNull();
    }
  });

  it("leave to the workflow what is empty", () => {
    const body = bodyOf(FIELDS, { prompt: "", steps: 3, image: "", tags: null });
    expect(body).toEqual({ prompt: "", steps: 3 });
  });

  it("travel in an address, as far as they are not those of a fresh form", () => {
    const values = {
      ...startValues(FIELDS),
      prompt: "a fox & an owl, 50%\nat dusk",
      tags: ["a", "c"],
      seed: 12,
      tile: false,
    };
    const query = queryOf(FIELDS, values);
    expect(query).not.toContain("steps");
    expect(startValues(FIELDS, valuesIn(FIELDS, query))).toEqual(values);
    expect(valuesIn(FIELDS, "steps=many&sampler=dpm&tile=perhaps&tags=[1]&cfg=2")).toEqual({ cfg: 2 });
  });

  it("come back from an address whatever they are", () => {
    fc.assert(
      fc.property(
        fc.record({
          prompt: fc.string(),
          steps: fc.integer(),
          cfg: fc.double({ noNaN: true, noDefaultInfinity: true }),
        }),
        (given) => {
          // Minus zero is written as zero.
          const values = { ...startValues(FIELDS), ...given, cfg: given.cfg + 0 };
          expect(startValues(FIELDS, valuesIn(FIELDS, queryOf(FIELDS, values)))).toEqual(values);
        },
      ),
    );
  });
});

describe("what the server refuses", () => {
  it("is said at the field it belongs to", () => {
    const error = (input: string, details: string) => ({
      message: "no",
      details,
      extra_info: { input_name: input },
    });
    const body = {
      problems: [{ input: "steps", message: "51 is above 50" }],
      node_errors: {
        "input:image": { errors: [error("image", "no such file")] },
        "1": { errors: [error("cfg", "too much"), error("model", "gone")] },
      },
    };
    expect(refusalIn(body, INPUTS)).toEqual({
      fields: { steps: "51 is above 50", image: "no such file", cfg: "too much", model: "gone" },
      others: [],
    });
    const other = { node_errors: { "7": { errors: [error("vae", "gone")] } } };
    expect(refusalIn(other, INPUTS)).toEqual({ fields: {}, others: ["gone"] });
    expect(refusalIn("<html>", INPUTS)).toEqual({ fields: {}, others: [] });
  });
});

describe("a sweep", () => {
  const list = (text: string) => ({ kind: "list", text }) as const;

  it("reads lists as the field means them", () => {
    expect(axisValues(field("steps"), list("4, 8\n12, x, 8")).values).toEqual([4, 8, 12]);
    expect(axisValues(field("steps"), list("4, x")).wrong).toEqual(["x"]);
    expect(axisValues(field("prompt"), list("a fox, at night\n\nan owl")).values).toEqual([
      "a fox, at night",
      "an owl",
    ]);
    expect(axisValues(field("sampler"), list("heun; dpm")).wrong).toEqual(["dpm"]);
  });

  it("has ranges with both ends and without dust", () => {
    expect(rangeValues({ from: 1, to: 2, step: 0.1 })).toEqual([
      1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2,
    ]);
    expect(rangeValues({ from: 10, to: 1, step: 4 })).toEqual([10, 6, 2]);
    expect(rangeValues({ from: 1, to: 2, step: 0 })).toEqual([]);
    expect(rangeValues({ from: 0, to: 1e12, step: 1 }).length).toBeLessThanOrEqual(10_001);
  });

  it("is every combination, each with its seeds", () => {
    const body = gridBody(
      FIELDS,
      startValues(FIELDS),
      { steps: list("4 , 8"), cfg: { kind: "range", from: 1, to: 3, step: 1 } },
      { mode: "increment", count: 2 },
    );
    expect(body).toEqual({
      inputs: { prompt: "a fox", sampler: "euler", tile: true, seed: "random" },
      grid: { steps: [4, 8], cfg: [1, 2, 3] },
      seed: { input: "seed", mode: "increment", count: 2 },
    });
    expect(countOf(body)).toBe(12);
  });

  it("runs each combination once if the seed is the same", () => {
    const body = gridBody(FIELDS, { seed: 7 }, { steps: list("4, 8") }, { mode: "fixed", count: 5 });
    expect(body).toMatchObject({ inputs: { seed: 7 }, seed: { input: "seed", mode: "fixed", count: 1 } });
    expect(countOf(body)).toBe(2);
  });

  it("draws no seed where seeds are what varies", () => {
    const body = gridBody(FIELDS, startValues(FIELDS), { seed: list("1, 2") }, { mode: "random", count: 3 });
    expect(body.seed).toBeUndefined();
    expect(countOf(body)).toBe(2);
  });

  it("reads a table of runs", () => {
    const text = '\uFEFFprompt,steps,mood\r\n"a ""red"" fox,\nat night",4,dark\r\n,many,\r\nan owl,,\r\n\r\n';
    const csv = readCsv(FIELDS, text);
    expect(csv.rows).toEqual([{ prompt: 'a "red" fox,\nat night', steps: 4 }, {}, { prompt: "an owl" }]);
    expect(csv.unknown).toEqual(["mood"]);
    expect(csv.wrong).toEqual([{ line: 3, column: "steps", text: "many" }]);
    expect(countOf(rowsBody(FIELDS, {}, csv.rows, null))).toBe(3);
    expect(readCsv(FIELDS, "steps;cfg\n1;2").rows).toEqual([{ steps: 1, cfg: 2 }]);
    expect(readCsv(FIELDS, "").rows).toEqual([]);
  });
});
