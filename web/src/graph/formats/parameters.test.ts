import { describe, expect, it } from "vitest";
import { fixtureDefs } from "./fixtures";
import { fromParameters, lorasIn, readParameters } from "./parameters";
import { toApi } from "./toApi";

const TEXT = [
  "a fox,",
  "in snow <lora:snow:0.8>",
  "Negative prompt: blurry,",
  "low quality",
  'Steps: 12, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 42, Size: 640x448, Model: tiny, Clip skip: 2, Lora hashes: "snow: 1a, b: 2", Version: v1',
].join("\n");

describe("the text", () => {
  it("has two prompts and settings", () => {
    const found = readParameters(TEXT);
    expect(found?.positive).toBe("a fox,\nin snow <lora:snow:0.8>");
    expect(found?.negative).toBe("blurry,\nlow quality");
    expect(Object.fromEntries(found?.settings ?? [])).toMatchObject({
      steps: "12",
      size: "640x448",
      "lora hashes": "snow: 1a, b: 2",
      version: "v1",
    });
  });

  it("may have no negative prompt", () => {
    expect(readParameters("a fox\nSteps: 3, Seed: 1")).toMatchObject({ positive: "a fox", negative: "" });
  });

  it("of another kind is none", () => {
    expect(readParameters("just words")).toBeNull();
    expect(fromParameters("just words", fixtureDefs())).toBeNull();
  });
});

describe("LoRAs", () => {
  it.each([
    ["a <lora:x:0.5>, b", "a , b", [["x", 0.5]]],
    ["<lora:x> a", "a", [["x", 1]]],
    [
      "a, <lora:x:-1:0.3>, <lora:y:2>",
      "a",
      [
        ["x", -1],
        ["y", 2],
      ],
    ],
    ["a, b,", "a, b,", []],
  ])("are taken out of %s", (text, rest, loras) => {
    const found = lorasIn(text);
    expect(found.text).toBe(rest);
    expect(found.loras.map(({ name, strength }) => [name, strength])).toEqual(loras);
  });
});

describe("the workflow", () => {
  const defs = fixtureDefs();
  const prompt = (text: string) => {
    const found = fromParameters(text, defs);
    if (found === null) throw new Error("no workflow");
    return { ...toApi(found.document, defs), findings: found.findings };
  };
  const nodes = (text: string, type: string) =>
    Object.values(prompt(text).prompt).filter(({ class_type }) => class_type === type);

  it("makes the picture the text describes", () => {
    const { findings, prompt: made, unknown } = prompt(TEXT);
    expect(findings).toEqual([]);
    expect(unknown.size).toBe(0);
    expect(made["3"]?.inputs).toMatchObject({
      seed: 42,
      steps: 12,
      cfg: 6.5,
      sampler_name: "dpmpp_2m",
      scheduler: "karras",
      denoise: 1,
      model: ["20", 0],
      positive: ["6", 0],
      negative: ["7", 0],
    });
    expect(made["5"]?.inputs).toEqual({ width: 640, height: 448, batch_size: 1 });
    expect(made["6"]?.inputs).toEqual({ clip: ["10", 0], text: "a fox,\nin snow" });
    expect(made["10"]?.inputs).toEqual({ clip: ["20", 1], stop_at_clip_layer: -2 });
    expect(made["20"]?.inputs).toMatchObject({
      lora_name: "snow.safetensors",
      strength_model: 0.8,
      model: ["4", 0],
    });
    expect(made["9"]?.inputs).toMatchObject({ images: ["8", 0] });
  });

  it("knows the newer way to name a schedule", () => {
    const text = "x\nSteps: 5, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x512";
    expect(nodes(text, "KSampler")[0]?.inputs).toMatchObject({
      sampler_name: "euler_ancestral",
      scheduler: "karras",
    });
  });

  it("samples a second time where the picture was enlarged", () => {
    const text = `x\nSteps: 5, Sampler: Euler, Seed: 1, Size: 512x768, Denoising strength: 0.4, Hires upscale: 1.5, Hires steps: 9`;
    expect(nodes(text, "LatentUpscale")[0]?.inputs).toMatchObject({ width: 768, height: 1152 });
    expect(nodes(text, "KSampler").map(({ inputs }) => [inputs["steps"], inputs["denoise"]])).toEqual([
      [5, 1],
      [9, 0.4],
    ]);
  });

  it("names the server's files where it has them", () => {
    const known = String(defs.get("CheckpointLoaderSimple")?.inputs[0]?.choices[0]);
    const text = `x\nSteps: 5, Sampler: Euler, Seed: 1, Model: ${known.replace(/\.\w+$/, "").toUpperCase()}`;
    expect(nodes(text, "CheckpointLoaderSimple")[0]?.inputs).toEqual({ ckpt_name: known });
  });
});
