import { describe, expect, it } from "vitest";
import { passedInput } from "../bypass";
import type { InputSocket } from "../sockets";
import { fixtureDefs } from "./fixtures";
import { toApi } from "./toApi";
import { type DefinitionSketch, inputs, type NodeSketch, workflow } from "./workflow";

const defs = fixtureDefs();
const convert = (...of: Parameters<typeof workflow>) => toApi(workflow(...of), defs);

const loader: NodeSketch = {
  id: 1,
  type: "CheckpointLoaderSimple",
  out: ["MODEL", "CLIP", "VAE"],
  values: ["a"],
};
const image: NodeSketch = { id: 2, type: "LoadImage", out: ["IMAGE", "MASK"], values: ["a.png", "image"] };
const preview = (from: readonly [number | string, number], id = 9): NodeSketch => ({
  id,
  type: "PreviewImage",
  in: { images: from },
});

describe("a link from a bypassed node", () => {
  it("goes on from the input of the output's type", () => {
    const lora: NodeSketch = {
      id: 3,
      type: "LoraLoader",
      mode: 4,
      in: { model: [1, 0], clip: [1, 1] },
      values: ["l", 1, 1],
    };
    const text: NodeSketch = { id: 4, type: "CLIPTextEncode", in: { clip: [3, 1] }, values: ["x"] };
    expect(inputs(convert([loader, lora, text]).prompt, "4")).toEqual({ text: "x", clip: ["1", 1] });
  });

  it("follows the class's sockets, also where the file has its inputs in another order", () => {
    const net: NodeSketch = {
      id: 3,
      type: "ControlNetApplyAdvanced",
      mode: 4,
      in: { image: [2, 0], negative: [5, 0], positive: [4, 0] },
      values: [1, 0, 1],
    };
    const texts: NodeSketch[] = [4, 5].map((id) => ({
      id,
      type: "CLIPTextEncode",
      in: { clip: [1, 1] },
      values: ["x"],
    }));
    const sampler: NodeSketch = { id: 6, type: "KSampler", in: { positive: [3, 0], negative: [3, 1] } };
    const found = inputs(convert([loader, image, net, ...texts, sampler]).prompt, "6");
    expect(found).toMatchObject({ positive: ["4", 0], negative: ["5", 0] });
  });

  it("gives nothing where no input fits, and a widget then keeps its value", () => {
    const decode: NodeSketch = { id: 3, type: "VAEDecode", mode: 4, in: { samples: null, vae: [1, 2] } };
    const number: NodeSketch = { id: 4, type: "PrimitiveInt", mode: 4, values: [7, "fixed"], out: ["INT"] };
    const latent: NodeSketch = {
      id: 5,
      type: "EmptyLatentImage",
      in: { width: [4, 0] },
      values: [640, 448, 1],
    };
    const { prompt } = convert([loader, decode, preview([3, 0]), number, latent]);
    expect(inputs(prompt, "9")).toEqual({});
    expect(inputs(prompt, "5")).toEqual({ width: 640, height: 448, batch_size: 1 });
  });

  it("takes the chosen input even if it is not linked", () => {
    const scale: NodeSketch = {
      id: 3,
      type: "ImageStitch",
      mode: 4,
      in: { image1: null, image2: [2, 0] },
      values: [],
    };
    expect(inputs(convert([image, scale, preview([3, 0])]).prompt, "9")).toEqual({});
  });
});

describe("which input is passed on", () => {
  const socket = (name: string, type: string): InputSocket => ({
    name,
    type,
    label: name,
    optional: true,
    isWidget: false,
    def: null,
  });
  const sockets = [
    socket("mask", "MASK"),
    socket("image", "IMAGE"),
    socket("any", "*"),
    socket("both", "IMAGE,MASK"),
  ];

  it.each([
    ["opposite it if anything is wanted", 1, "IMAGE", "*", "image"],
    ["the first if anything is wanted and nothing is opposite", 9, "IMAGE", "*", "mask"],
    ["opposite it if the types fit", 3, "IMAGE", "IMAGE", "both"],
    ["the first of exactly the type otherwise", 0, "IMAGE", "IMAGE", "image"],
    ["the first that fits otherwise", 0, "LATENT", "LATENT", "any"],
    ["compared in any case", 0, "mask", "Mask", "mask"],
  ])("is the one %s", (_, output, given, wanted, name) => {
    expect(passedInput(sockets, output, given, wanted)?.name).toBe(name);
  });

  it("is none where nothing fits", () => {
    expect(passedInput([socket("vae", "VAE")], 0, "IMAGE", "IMAGE")).toBeUndefined();
  });
});

describe("a link from a muted node", () => {
  it("is gone, and with it the widget's value", () => {
    const number: NodeSketch = { id: 4, type: "PrimitiveInt", mode: 2, values: [7, "fixed"], out: ["INT"] };
    const latent: NodeSketch = {
      id: 5,
      type: "EmptyLatentImage",
      in: { width: [4, 0] },
      values: [640, 448, 1],
    };
    expect(convert([number, latent]).prompt).toEqual({
      "5": {
        class_type: "EmptyLatentImage",
        inputs: { height: 448, batch_size: 1 },
        _meta: { title: "Empty Latent Image" },
      },
    });
  });
});

describe("primitives", () => {
  const primitive: NodeSketch = { id: 1, type: "PrimitiveNode", values: [33, "randomize"], out: ["INT"] };
  const reroute = (id: number, from: number): NodeSketch => ({
    id,
    type: "Reroute",
    in: { "": [from, 0] },
    out: ["*"],
  });
  const latent = (from: number): NodeSketch => ({
    id: 9,
    type: "EmptyLatentImage",
    in: { width: [from, 0] },
    values: [],
  });

  it("set the widgets they feed, through reroutes too", () => {
    expect(inputs(convert([primitive, reroute(2, 1), reroute(3, 2), latent(3)]).prompt, "9")).toMatchObject({
      width: 33,
    });
  });

  it("set them also when they, or a reroute on the way, are bypassed", () => {
    const nodes = [{ ...primitive, mode: 4 }, { ...reroute(2, 1), mode: 4 }, latent(2)];
    expect(inputs(convert(nodes).prompt, "9")).toMatchObject({ width: 33 });
  });

  it("set nothing behind a bypassed node", () => {
    const passed: NodeSketch = {
      id: 2,
      type: "PrimitiveInt",
      mode: 4,
      in: { value: [1, 0] },
      widgets: ["value"],
      out: ["INT"],
    };
    expect(inputs(convert([primitive, passed, latent(2)]).prompt, "9")).toMatchObject({ width: 512 });
  });

  it("set no plain socket", () => {
    expect(inputs(convert([primitive, preview([1, 0])]).prompt, "9")).toEqual({});
  });

  it("reach into subgraphs through promoted widgets", () => {
    const inner: NodeSketch = {
      id: 5,
      type: "EmptyLatentImage",
      in: { width: [-10, 0] },
      widgets: ["width"],
      values: [1, 2, 3],
    };
    const definition = { id: "def", inputs: [["size", "INT"]], outputs: [], nodes: [inner] } as const;
    const host: NodeSketch = { id: 7, type: "def", in: { size: [1, 0] }, widgets: ["size"], values: [99] };
    expect(inputs(convert([primitive, host], [definition]).prompt, "7:5")).toMatchObject({
      width: 33,
      height: 2,
    });
  });
});

describe("subgraphs", () => {
  const scale: NodeSketch = {
    id: 1,
    type: "ImageScale",
    in: { image: [-10, 0], width: [-10, 1], height: [-10, 1] },
    widgets: ["width", "height"],
    values: ["area", 10, 20, "disabled"],
    out: ["IMAGE"],
  };
  const definition = {
    id: "scale",
    inputs: [
      ["image", "IMAGE"],
      ["size", "INT"],
    ],
    outputs: [["IMAGE", "IMAGE", [1, 0]]],
    nodes: [scale],
  } as const;
  const host = (id: number, values?: number[]): NodeSketch => ({
    id,
    type: "scale",
    in: { image: [2, 0] },
    out: ["IMAGE"],
    ...(values === undefined ? {} : { values }),
  });

  it("give each instance its own values, and to every widget the input feeds", () => {
    const { prompt } = convert(
      [image, host(3, [640]), host(4, [320]), preview([3, 0]), preview([4, 0], 10)],
      [definition],
    );
    expect(inputs(prompt, "3:1")).toMatchObject({ width: 640, height: 640, image: ["2", 0] });
    expect(inputs(prompt, "4:1")).toMatchObject({ width: 320, height: 320 });
    expect(inputs(prompt, "10")).toEqual({ images: ["4:1", 0] });
  });

  it("leave each inner widget its own value if the instance says nothing", () => {
    const { prompt } = convert([image, host(3, []), preview([3, 0])], [definition]);
    expect(inputs(prompt, "3:1")).toMatchObject({ width: 10, height: 20 });
  });

  it("nest, and pass links through several borders", () => {
    const outer: DefinitionSketch = {
      id: "outer",
      inputs: [
        ["picture", "IMAGE"],
        ["size", "INT"],
      ],
      outputs: [
        ["out", "IMAGE", [5, 0]],
        ["same", "IMAGE", [-10, 0]],
      ],
      nodes: [
        {
          id: 5,
          type: "scale",
          in: { image: [-10, 0], size: [-10, 1] },
          widgets: ["size"],
          out: ["IMAGE"],
          values: [1],
        },
      ],
    };
    const node: NodeSketch = {
      id: 3,
      type: "outer",
      in: { picture: [2, 0] },
      out: ["IMAGE", "IMAGE"],
      values: [77],
    };
    const { prompt, places } = convert(
      [image, node, preview([3, 0]), preview([3, 1], 10)],
      [outer, definition],
    );
    expect(inputs(prompt, "3:5:1")).toMatchObject({ width: 77, height: 77, image: ["2", 0] });
    expect(inputs(prompt, "9")).toEqual({ images: ["3:5:1", 0] });
    expect(inputs(prompt, "10")).toEqual({ images: ["2", 0] });
    expect(places.get("3:5:1")).toEqual({ graph: "scale", node: "1", path: ["3", "5"] });
  });

  it("run nothing inside a muted instance, and are gone around when bypassed", () => {
    const muted = convert([image, { ...host(3), mode: 2 }, preview([3, 0])], [definition]).prompt;
    expect(Object.keys(muted)).toEqual(["2", "9"]);
    expect(inputs(muted, "9")).toEqual({});
    const bypassed = convert([image, { ...host(3), mode: 4 }, preview([3, 0])], [definition]).prompt;
    expect(Object.keys(bypassed)).toEqual(["2", "9"]);
    expect(inputs(bypassed, "9")).toEqual({ images: ["2", 0] });
  });

  it("that contain themselves are named, not opened for ever", () => {
    const loop = {
      id: "loop",
      inputs: [],
      outputs: [],
      nodes: [
        { id: 1, type: "loop" },
        { ...image, id: 2 },
      ],
    } as const;
    const { prompt, findings } = convert([{ id: 3, type: "loop" }], [loop]);
    expect(Object.keys(prompt)).toEqual(["3:2"]);
    expect(findings).toMatchObject([
      { code: "self-containing", graph: "loop", node: "1", params: { name: "loop" } },
    ]);
  });
});

describe("nodes of packs that exist on the canvas only", () => {
  it("carry values from a setter to its getters", () => {
    const set: NodeSketch = { id: 3, type: "SetNode", in: { IMAGE: [2, 0] }, values: ["pic"], out: ["*"] };
    const get: NodeSketch = { id: 4, type: "GetNode", values: ["pic"], out: ["IMAGE"] };
    const other: NodeSketch = { id: 5, type: "GetNode", values: ["other"], out: ["IMAGE"] };
    const { prompt, findings } = convert([
      image,
      set,
      get,
      other,
      preview([4, 0]),
      preview([5, 0], 10),
      preview([3, 0], 11),
    ]);
    expect(inputs(prompt, "9")).toEqual({ images: ["2", 0] });
    expect(inputs(prompt, "10")).toEqual({});
    expect(inputs(prompt, "11")).toEqual({ images: ["2", 0] });
    expect(findings).toEqual([]);
  });

  it("link what is not linked, as the file says they did", () => {
    const upscale: NodeSketch = {
      id: 3,
      type: "VAEEncode",
      in: { pixels: [2, 0], vae: null },
      types: { vae: "VAE" },
    };
    const ue_links = [
      { downstream: 3, downstream_slot: 1, upstream: "1", upstream_slot: 2, controller: 8, type: "VAE" },
      { downstream: 3, downstream_slot: 0, upstream: "1", upstream_slot: 2, controller: 8, type: "VAE" },
    ];
    const document = [
      loader,
      image,
      upscale,
      { id: 8, type: "Anything Everywhere", in: { anything: [1, 2] } } as const,
    ];
    const { prompt, findings } = convert(document, [], { ue_links });
    expect(inputs(prompt, "3")).toEqual({ pixels: ["2", 0], vae: ["1", 2] });
    expect(findings).toEqual([]);
  });

  it("of unknown types can be treated as reroutes", () => {
    const pipe: NodeSketch = { id: 3, type: "My Pipe", in: { x: [2, 0] }, out: ["IMAGE"] };
    const document = workflow([image, pipe, preview([3, 0])]);
    expect(toApi(document, defs).unknown).toEqual(new Set(["3"]));
    const { prompt, unknown } = toApi(document, defs, { reroutes: new Set(["My Pipe"]) });
    expect(unknown.size).toBe(0);
    expect(inputs(prompt, "9")).toEqual({ images: ["2", 0] });
  });
});

describe("circles", () => {
  it("of reroutes and bypassed nodes are named", () => {
    const first: NodeSketch = { id: 1, type: "Reroute", in: { "": [2, 0] }, out: ["*"] };
    const second: NodeSketch = { id: 2, type: "ImageScale", mode: 4, in: { image: [1, 0] }, out: ["IMAGE"] };
    const { prompt, findings } = convert([first, second, preview([1, 0])]);
    expect(inputs(prompt, "9")).toEqual({});
    expect(findings).toMatchObject([{ code: "cycle", graph: "root" }]);
    expect(findings[0]?.params["nodes"]).toMatch(/1 → 2/);
  });
});
