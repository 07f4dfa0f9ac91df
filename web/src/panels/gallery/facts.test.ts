import { describe, expect, it } from "vitest";
import { differences, factsOf } from "./facts";

const node = (class_type: string, inputs: Record<string, unknown>) => ({ class_type, inputs }) as never;
const PROMPT = {
  "3": node("KSampler", {
    seed: 2 ** 53,
    steps: 20,
    cfg: 7.5,
    sampler_name: "euler",
    scheduler: "normal",
    denoise: 1,
    model: ["10", 0],
    positive: ["12", 0],
    negative: ["7", 0],
    latent_image: ["5", 0],
  }),
  "4": node("CheckpointLoaderSimple", { ckpt_name: "sd15.safetensors" }),
  "5": node("EmptyLatentImage", { width: 512, height: 768, batch_size: 1 }),
  "6": node("CLIPTextEncode", { text: "a fox", clip: ["4", 1] }),
  "7": node("CLIPTextEncode", { text: "blurry", clip: ["4", 1] }),
  "8": node("VAEDecode", { samples: ["3", 0], vae: ["4", 2] }),
  "9": node("SaveImage", { images: ["8", 0], filename_prefix: "x" }),
  "10": node("LoraLoader", { lora_name: "ink.safetensors", model: ["11", 0] }),
  "11": node("LoraLoader", { lora_name: "soft.safetensors", model: ["4", 0] }),
  "12": node("ConditioningCombine", { conditioning_1: ["6", 0], conditioning_2: ["6", 0] }),
  "20": node("KSampler", { seed: 1, sampler_name: "other" }),
};

describe("facts of a picture", () => {
  it("are those of the branch that made it", () => {
    expect(Object.fromEntries(factsOf(PROMPT, "9"))).toEqual({
      positive: "a fox",
      negative: "blurry",
      model: "sd15.safetensors",
      loras: "ink.safetensors, soft.safetensors",
      seed: String(2 ** 53),
      steps: "20",
      cfg: "7.5",
      sampler: "euler",
      scheduler: "normal",
      denoise: "1",
      size: "512 × 768",
    });
  });

  it("are those of the first sampler if the node is unknown", () => {
    expect(factsOf(PROMPT, "99").get("sampler")).toBe("euler");
  });

  it("are none for a graph that is none of ours, and end in graphs with circles", () => {
    expect(factsOf({}, null).size).toBe(0);
    const circle = { "1": node("A", { x: ["2", 0] }), "2": node("B", { x: ["1", 0], seed: 4 }) };
    expect(factsOf(circle, "1").get("seed")).toBe("4");
  });
});

it("names the values two graphs differ in", () => {
  const after = { ...PROMPT, "6": node("CLIPTextEncode", { text: "a cactus", clip: ["4", 1] }) };
  expect(differences(PROMPT, after)).toEqual([
    { node: "6", title: "CLIPTextEncode", input: "text", before: "a fox", after: "a cactus" },
  ]);
  expect(differences(PROMPT, PROMPT)).toEqual([]);
});
