import { describe, expect, it } from "vitest";
import { ROOT } from "../document";
import type { Json, JsonObject } from "../json";
import { fixture, fixtureDefs } from "./fixtures";
import { read } from "./read";
import { toApi } from "./toApi";
import { inputs } from "./workflow";
import { write } from "./write";

const defs = fixtureDefs();

const SAMPLER = {
  type: "KSampler",
  inputs: ["model", "positive", "negative", "latent_image"].map((name) => ({ name, type: "*", link: null })),
  outputs: [{ name: "LATENT", type: "LATENT" }],
  widgets_values: [1, "fixed", 20, 8, "euler", "normal", 1],
};
const LATENT = {
  type: "EmptyLatentImage",
  outputs: [{ name: "LATENT", type: "LATENT" }],
  widgets_values: [512, 512, 1],
};

function open(groups: Record<string, Json>, nodes: JsonObject[], links: Json[] = []) {
  return read({ nodes, links, version: 0.4, extra: { groupNodes: groups } }, defs);
}
const prompt = (...of: Parameters<typeof open>) => toApi(open(...of).document, defs).prompt;

describe("a group node", () => {
  const group = { nodes: [LATENT, SAMPLER], links: [[0, 0, 1, 3, 5, "LATENT"]], external: [] };
  const values = (width: number, seed: number) => [
    width,
    512,
    1,
    seed,
    "increment",
    12,
    7,
    "heun",
    "karras",
    0.5,
  ];

  it("becomes a subgraph, and every instance keeps its own values", () => {
    const found = prompt({ Sample: group }, [
      { id: 3, type: "workflow/Sample", widgets_values: values(640, 11) },
      { id: 4, type: "workflow>Sample", widgets_values: values(320, 22) },
    ]);
    expect(inputs(found, "3:0")).toEqual({ width: 640, height: 512, batch_size: 1 });
    expect(inputs(found, "4:0")).toMatchObject({ width: 320 });
    expect(inputs(found, "3:1")).toMatchObject({
      seed: 11,
      steps: 12,
      scheduler: "karras",
      latent_image: ["3:0", 0],
    });
    expect(inputs(found, "4:1")).toMatchObject({ seed: 22, denoise: 0.5, latent_image: ["4:0", 0] });
  });

  it("keeps the control of its seed inside", () => {
    const { document } = open({ Sample: group }, [
      { id: 3, type: "workflow>Sample", widgets_values: values(640, 11) },
    ]);
    const definition = document.graphs.ids.find((id) => id !== ROOT) ?? "";
    const inside = document.graphs.by[definition]?.nodes.by["1"];
    expect(inside?.values).toEqual([1, "increment", 20, 8, "euler", "normal", 1]);
    expect(document.graphs.by[definition]?.info["name"]).toBe("Sample");
  });

  it("is written as a subgraph that opens without complaint", () => {
    const file = write(read(fixture("group_node"), defs).document);
    const again = read(JSON.stringify(file), defs);
    expect(again.findings).toEqual([]);
    expect(toApi(again.document, defs).prompt).toEqual(fixture("group_node.api"));
    expect(JSON.stringify(file)).toBe(JSON.stringify(write(read(fixture("group_node"), defs).document)));
  });

  it("muted runs nothing of what is inside", () => {
    expect(
      prompt({ Sample: group }, [{ id: 3, type: "workflow>Sample", mode: 2, widgets_values: values(1, 2) }]),
    ).toEqual({});
  });

  it("may hold others", () => {
    const outer = {
      nodes: [{ type: "workflow>Sample", inputs: [], outputs: [], widgets_values: values(1, 2) }],
      links: [],
    };
    const found = prompt({ Outer: outer, Sample: group }, [
      { id: 3, type: "workflow>Outer", widgets_values: values(256, 33) },
    ]);
    expect(inputs(found, "3:0:0")).toMatchObject({ width: 256 });
    expect(inputs(found, "3:0:1")).toMatchObject({ seed: 33, latent_image: ["3:0:0", 0] });
  });

  it("has a widget for a primitive inside, which sets all that it fed", () => {
    const primitive = {
      type: "PrimitiveNode",
      title: "side",
      outputs: [{ name: "INT", type: "INT", widget: { name: "width" } }],
      widgets_values: [512, "fixed"],
    };
    const size = ["width", "height"].map((name) => ({ name, type: "INT", widget: { name }, link: null }));
    const square = {
      nodes: [primitive, { ...LATENT, inputs: size }],
      links: [
        [0, 0, 1, 0, 1, "INT"],
        [0, 0, 1, 1, 2, "INT"],
      ],
    };
    const found = prompt({ Square: square }, [
      { id: 3, type: "workflow>Square", widgets_values: [768, "fixed", 4] },
    ]);
    expect(inputs(found, "3:1")).toEqual({ width: 768, height: 768, batch_size: 4 });
  });

  it("shows only what its settings leave visible", () => {
    const hiding = {
      ...group,
      config: {
        "0": { input: { width: { visible: false } } },
        "1": { input: { model: { visible: false } } },
      },
    };
    const loader = {
      id: 1,
      type: "CheckpointLoaderSimple",
      outputs: [{ name: "MODEL", type: "MODEL" }],
      widgets_values: ["a"],
    };
    const [, ...rest] = values(640, 11);
    const host = {
      id: 3,
      type: "workflow>Hiding",
      widgets_values: rest,
      inputs: [{ name: "positive", type: "CONDITIONING", link: null }],
    };
    const found = prompt({ Hiding: hiding }, [loader, host]);
    expect(inputs(found, "3:0")).toEqual({ width: 512, height: 512, batch_size: 1 });
    expect(inputs(found, "3:1")).toMatchObject({ seed: 11, steps: 12 });
  });

  it("that the file does not describe, or that holds itself, stays and is told", () => {
    const self = { nodes: [{ type: "workflow>Self" }], links: [] };
    const { document, findings } = open({ Self: self }, [
      { id: 1, type: "workflow>Gone" },
      { id: 2, type: "workflow>Self" },
    ]);
    expect(findings.map(({ code, params }) => [code, params["name"]])).toEqual([
      ["group-node-undefined", "Gone"],
      ["group-node-undefined", "Self"],
      ["group-node-converted", "Self"],
    ]);
    expect(document.graphs.by[ROOT]?.nodes.by["1"]?.type).toBe("workflow>Gone");
  });

  it("is opened without the classes, too, as far as the file goes", () => {
    const { document } = read({
      nodes: [{ id: 3, type: "workflow>Sample", widgets_values: values(640, 11) }],
      links: [],
      version: 0.4,
      extra: { groupNodes: { Sample: group } },
    });
    expect(Object.keys(toApi(document, defs).prompt)).toEqual(["3:0", "3:1"]);
  });
});
