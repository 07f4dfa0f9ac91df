import { describe, expect, test } from "vitest";
import { acceptingInputs, acceptingOutputs, canConnect, outputType } from "./connect";
import { BOUNDARY_IN, BOUNDARY_OUT, ROOT } from "./document";
import {
  DEFS,
  documentOf,
  graphOf,
  large,
  linkOf,
  nodeOf,
  PART,
  slotOf,
  textToImage,
  withSubgraph,
} from "./toys";

const ask = (document: Parameters<typeof canConnect>[0], from: string, to: string, graph = ROOT) => {
  const [node = "", slot = ""] = from.split(":");
  const cut = to.indexOf(":");
  const end = { node: to.slice(0, cut), input: to.slice(cut + 1) };
  const verdict = canConnect(document, DEFS, graph, { node, slot: Number(slot) }, end);
  return verdict.ok ? "ok" : `${verdict.code}: ${verdict.detail}`;
};

describe("a link is refused", () => {
  const document = textToImage();
  test.each([
    ["1:0", "5:model", "ok"],
    ["1:1", "5:model", "type: CLIP → MODEL"],
    ["5:0", "5:latent_image", "self: KSampler"],
    ["1:0", "5:colour", "noInput: KSampler · colour"],
    ["1:7", "5:model", "noOutput: Load Checkpoint · 7"],
    ["9:0", "5:model", "noOutput: 9 · 0"],
  ])("or not: %s to %s", (from, to, answer) => expect(ask(document, from, to)).toBe(answer));

  test("if it closed a circle, naming the way round", () => {
    const { nodes, links } = graphOf(
      [nodeOf(1, "VAEDecode"), nodeOf(2, "VAEEncode"), nodeOf(3, "LoraLoader")],
      [linkOf(1, "1:0", "2:pixels", "IMAGE")],
    );
    const circle = documentOf({ nodes, links, groups: graphOf([]).groups, info: {} });
    expect(ask(circle, "2:0", "1:samples")).toBe("cycle: VAE Decode → VAE Encode → VAE Decode");
  });

  test("although what it replaces would be gone", () => {
    const document = textToImage();
    expect(ask(document, "4:0", "5:latent_image")).toBe("ok");
  });
});

describe("reroutes", () => {
  const reroute = (id: number) =>
    nodeOf(id, "Reroute", { inputs: [slotOf("", "*")], outputs: [slotOf("", "*")] });
  const document = documentOf(
    graphOf(
      [nodeOf(1, "CheckpointLoaderSimple"), reroute(2), reroute(3), nodeOf(4, "KSampler"), reroute(5)],
      [
        linkOf(1, "1:0", "2:", "MODEL"),
        linkOf(2, "2:0", "3:", "MODEL"),
        linkOf(3, "5:0", "4:latent_image", "LATENT"),
      ],
    ),
  );

  test("give what they are fed", () => {
    expect(outputType(document, DEFS, ROOT, { node: "3", slot: 0 })).toBe("MODEL");
    expect(ask(document, "3:0", "4:model")).toBe("ok");
    expect(ask(document, "3:0", "4:positive")).toBe("type: MODEL → CONDITIONING");
  });

  test("take what they feed", () => {
    expect(ask(document, "1:0", "5:")).toBe("type: MODEL → LATENT");
    expect(ask(document, "3:0", "5:")).toBe("type: MODEL → LATENT");
  });
});

describe("primitives", () => {
  const primitive = nodeOf(1, "PrimitiveNode", { outputs: [slotOf("connect to widget input", "*")] });
  const other = nodeOf(2, "PrimitiveNode", { outputs: [slotOf("COMBO", "COMBO")] });
  const document = documentOf(
    graphOf(
      [primitive, other, nodeOf(3, "KSampler"), nodeOf(4, "CheckpointLoaderSimple")],
      [linkOf(1, "2:0", "3:sampler_name", "COMBO")],
    ),
  );

  test("feed widgets only", () => {
    expect(ask(document, "1:0", "3:seed")).toBe("ok");
    expect(ask(document, "1:0", "3:model")).toBe("primitive: KSampler · model");
  });

  test("of choices only the same choices", () => {
    expect(ask(document, "2:0", "3:scheduler")).toBe("choices: KSampler · scheduler");
    expect(ask(document, "2:0", "4:ckpt_name")).toBe("choices: Load Checkpoint · ckpt_name");
    expect(ask(document, "2:0", "3:steps")).toBe("type: COMBO → INT");
  });
});

test("the ends of a subgraph are nodes, too", () => {
  const document = withSubgraph();
  expect(ask(document, `${BOUNDARY_IN}:2`, "1:steps", PART)).toBe("ok");
  expect(ask(document, `${BOUNDARY_IN}:0`, "1:positive", PART)).toBe("type: MODEL → CONDITIONING");
  expect(ask(document, `${BOUNDARY_IN}:1`, `${BOUNDARY_OUT}:LATENT`, PART)).toBe("ok");
  expect(ask(document, "1:0", "11:latent")).toBe("type: MODEL → LATENT");
  expect(ask(document, "11:0", "10:latent")).toBe("cycle: Sampling → Sampling → Sampling");
});

describe("sockets that light up", () => {
  test.each(["root", PART])("are those that may be connected, in graph %s", (graph) => {
    const document = graph === PART ? withSubgraph() : textToImage();
    for (const from of [
      { node: "1", slot: 0 },
      { node: "5", slot: 0 },
      { node: BOUNDARY_IN, slot: 1 },
    ]) {
      const lit = [...acceptingInputs(document, DEFS, graph, from)];
      const expected = ["1", "2", "3", "4", "5", "6", "7", BOUNDARY_OUT].flatMap((node) =>
        [
          ...[
            "model",
            "clip",
            "positive",
            "latent_image",
            "seed",
            "steps",
            "samples",
            "vae",
            "images",
            "LATENT",
          ],
        ]
          .filter((input) => canConnect(document, DEFS, graph, from, { node, input }).ok)
          .map((input) => `${node}:${input}`),
      );
      expect(lit.flatMap(([node, inputs]) => [...inputs].map((input) => `${node}:${input}`)).sort()).toEqual(
        expected.sort(),
      );
    }
  });

  test("are outputs while dragging from an input", () => {
    const lit = acceptingOutputs(textToImage(), DEFS, ROOT, { node: "5", input: "positive" });
    expect([...lit].map(([node, slots]) => [node, ...slots])).toEqual([
      ["2", 0],
      ["3", 0],
    ]);
  });

  test("are found within a frame in a graph of 1,000 nodes", () => {
    const document = large(1000);
    const times = Array.from({ length: 15 }, () => {
      const start = performance.now();
      acceptingInputs(document, DEFS, ROOT, { node: "1", slot: 0 });
      acceptingOutputs(document, DEFS, ROOT, { node: "6", input: "latent_image" });
      return (performance.now() - start) / 2;
    });
    // The quickest run: on a busy machine the others measure what else is going on.
    expect(Math.min(...times)).toBeLessThan(16);
    expect(acceptingInputs(document, DEFS, ROOT, { node: "1", slot: 0 }).size).toBeGreaterThan(150);
  });
});
