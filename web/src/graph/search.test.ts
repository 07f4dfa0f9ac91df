import { describe, expect, test } from "vitest";
import { fittingSocket, searchDefs, spaced } from "./search";
import { searchGraph } from "./searchGraph";
import { DEFS, large, PART, textToImage, withSubgraph } from "./toys";

const names = (query: string, options: Parameters<typeof searchDefs>[2] = {}) =>
  searchDefs(DEFS.values(), query, options).map(({ def }) => def.name);

describe("classes are found", () => {
  test.each([
    ["ksampler", "KSampler"],
    ["KSamp", "KSampler"],
    ["sampler", "KSampler"],
    ["load check", "CheckpointLoaderSimple"],
    ["checkpoint loader", "CheckpointLoaderSimple"],
    ["text encode", "CLIPTextEncode"],
    ["prompt", "CLIPTextEncode"],
    ["cte", "CLIPTextEncode"],
    ["ksmplr", "KSampler"],
    ["vaedec", "VAEDecode"],
    ["denoise a", "KSampler"],
    ["image save", "SaveImage"],
  ])("for %s: %s first", (query, name) => expect(names(query)[0]).toBe(name));

  test("only if every word fits", () => {
    expect(names("vae sampler")).toEqual([]);
    expect(names("zzz")).toEqual([]);
    expect(names("vae").sort()).toEqual(["VAEDecode", "VAEEncode"]);
  });

  test("by their category", () =>
    expect(names("loaders").sort()).toEqual(["CheckpointLoaderSimple", "LoraLoader"]));

  test("in another language, also by some of its signs", () => {
    const alias = (def: { name: string }) => (def.name === "KSampler" ? "K采样器（高级）" : "");
    expect(names("采样器", { alias })).toEqual(["KSampler"]);
    expect(names("采器", { alias })).toEqual(["KSampler"]);
    expect(names("解码", { alias })).toEqual([]);
  });

  test("all of them without a query, those used most first", () => {
    expect(names("").length).toBe(DEFS.size);
    expect(names("", { uses: new Map([["VAEEncode", 3]]), limit: 1 })).toEqual(["VAEEncode"]);
    expect(names("vae", { uses: new Map([["VAEEncode", 3]]) })).toEqual(["VAEEncode", "VAEDecode"]);
  });

  test("that are deprecated last", () => {
    const defs = [...DEFS.values()].map((def) => ({ ...def, deprecated: def.name === "VAEDecode" }));
    expect(searchDefs(defs, "vae").map(({ def }) => def.name)).toEqual(["VAEEncode", "VAEDecode"]);
  });
});

test("what every graph needs comes before what few do", () => {
  const sampler = DEFS.get("KSampler");
  if (sampler === undefined) throw new Error("no class");
  const rare = ["SamplerCustom", "KSamplerSelect"].map((name) => ({ ...sampler, name, title: name }));
  const first = (query: string) => searchDefs([...rare, sampler], query)[0]?.def.name;
  expect(first("sampler")).toBe("KSampler");
  expect(first("ksamplerselect")).toBe("KSamplerSelect");
  expect(first("custom")).toBe("SamplerCustom");
});

describe("classes that fit a socket", () => {
  test("have an input for what comes out", () => {
    const found = searchDefs(DEFS.values(), "", { fits: { from: "output", type: "LATENT" } });
    expect(found.map(({ def, socket }) => `${def.name} ${socket}`).sort()).toEqual([
      "ImageOrMask anything",
      "KSampler latent_image",
      "VAEDecode samples",
    ]);
  });

  test("have an output for what goes in", () => {
    expect(names("", { fits: { from: "input", type: "CLIP" } }).sort()).toEqual([
      ...["CheckpointLoaderSimple", "ImageOrMask", "LoraLoader"],
    ]);
  });

  test("take the best of their sockets", () => {
    const [lora, either] = [DEFS.get("LoraLoader"), DEFS.get("ImageOrMask")];
    if (lora === undefined || either === undefined) throw new Error("no class");
    expect(fittingSocket(lora, { from: "input", type: "CLIP" })).toBe(1);
    expect(fittingSocket(lora, { from: "output", type: "FLOAT" })).toBe("strength_model");
    expect(fittingSocket(either, { from: "output", type: "MASK" })).toBe("value");
    expect(fittingSocket(lora, { from: "output", type: "VAE" })).toBeNull();
  });
});

test("names fall into words", () => {
  expect(spaced("CLIPTextEncode")).toBe("clip text encode");
  expect(spaced("unCLIP_Checkpoint-Loader")).toBe("un clip checkpoint loader");
});

describe("nodes are found", () => {
  const look = (query: string) =>
    searchGraph(textToImage(), DEFS, query, "root").map((hit) =>
      `${hit.node} ${hit.where} ${hit.widget ?? ""}`.trim(),
    );

  test("by title, class and id", () => {
    expect(look("decode")[0]).toBe("6 title");
    expect(look("CheckpointLoaderSimple")[0]).toBe("1 type");
    expect(look("#5")).toEqual(["5 id"]);
  });

  test("by what is written in them", () => {
    expect(look("fox")).toEqual(["2 value text"]);
    expect(look("euler")).toEqual(["5 value sampler_name"]);
    expect(look("ksampler euler")).toEqual(["5 title"]);
    expect(look("512").sort()).toEqual(["4 value height", "4 value width"].slice(1));
  });

  test("in all graphs, those of the one on screen first", () => {
    const found = (first: string) =>
      searchGraph(withSubgraph(), DEFS, "sampl", first).map((hit) => hit.graph);
    expect(found("root")).toEqual(["root", "root", PART]);
    expect(found(PART)[0]).toBe(PART);
  });

  test("none for an empty query, and not more than asked for", () => {
    expect(searchGraph(textToImage(), DEFS, " ", "root")).toEqual([]);
    expect(searchGraph(large(200), DEFS, "ksampler", "root", 5)).toHaveLength(5);
  });
});
