import { describe, expect, it } from "vitest";
import { readDef } from "@/graph/defs";
import type { Graph, LinkRecord, NodeRecord } from "@/graph/document";
import { tableOf } from "@/graph/table";
import { nodeOf } from "@/graph/toys";
import { colourOf } from "./colours";
import { endsOf } from "./ends";
import { schemeOn } from "./scheme";
import { cornerOf, shapeOf } from "./shape";

const SAMPLER = readDef("KSampler", {
  input: {
    required: {
      model: ["MODEL"],
      positive: ["CONDITIONING"],
      negative: ["CONDITIONING"],
      latent_image: ["LATENT"],
      seed: ["INT", { control_after_generate: true }],
      steps: ["INT", { default: 20 }],
      cfg: ["FLOAT", { default: 8 }],
      sampler_name: [["euler", "heun"]],
      scheduler: [["normal"]],
      denoise: ["FLOAT", { default: 1 }],
    },
  },
  output: ["LATENT"],
  output_name: ["LATENT"],
});
const ENCODE = readDef("CLIPTextEncode", {
  input: { required: { text: ["STRING", { multiline: true }], clip: ["CLIP"] } },
  output: ["CONDITIONING"],
});

const node = (type: string, size: readonly [number, number], more: Partial<NodeRecord> = {}): NodeRecord =>
  nodeOf(1, type, { pos: [100, 200], size, ...more });

function link(id: number, from: string, to: string, toInput: string): LinkRecord {
  return { id, from, fromSlot: 0, to, toInput, type: "LATENT", rest: {} };
}

function graph(links: readonly LinkRecord[]): Graph {
  return {
    nodes: tableOf(),
    groups: tableOf(),
    info: {},
    links: tableOf(links.map((one) => [String(one.id), one])),
  };
}

describe("the shape of a node", () => {
  it("fits the size other editors write for it", () => {
    const shape = shapeOf(node("KSampler", [315, 262]), SAMPLER);
    expect(shape.width).toBe(315);
    expect(shape.height).toBe(262 + 30);
    expect(shape.end).toBeLessThanOrEqual(262 + 30);
  });

  it("has a row for each socket, widget and control", () => {
    const shape = shapeOf(node("KSampler", [315, 262]), SAMPLER);
    expect(shape.inputs.map((socket) => socket.name)).toEqual([
      "model",
      "positive",
      "negative",
      "latent_image",
    ]);
    expect(shape.widgets.map((row) => row.key)).toEqual([
      "value:seed",
      "control:seed",
      "value:steps",
      "value:cfg",
      "value:sampler_name",
      "value:scheduler",
      "value:denoise",
    ]);
    const heights = shape.widgets.map((row) => row.y);
    expect(heights).toEqual(heights.toSorted((a, b) => a - b));
  });

  it("ends links of widgets at the widget, and those of other sockets at theirs", () => {
    const shape = shapeOf(node("KSampler", [315, 262]), SAMPLER);
    const cfg = shape.widgets.find((row) => row.key === "value:cfg");
    expect(shape.inputAt("cfg")).toEqual([0, (cfg?.y ?? 0) + 12]);
    expect(shape.inputAt("positive")[1] - shape.inputAt("model")[1]).toBe(20);
    expect(shape.outputAt(0)[0]).toBe(315);
  });

  it("gives a text the room that is left", () => {
    const small = shapeOf(node("CLIPTextEncode", [400, 60]), ENCODE);
    const large = shapeOf(node("CLIPTextEncode", [400, 300]), ENCODE);
    expect(small.widgets[0]?.height).toBe(64);
    expect(small.height).toBeGreaterThan(60 + 30);
    expect(large.widgets[0]?.height).toBeGreaterThan(240);
    expect(large.height).toBe(330);
  });

  it("brings all ends of a collapsed node to its title", () => {
    const shape = shapeOf(node("KSampler", [315, 262], { flags: { collapsed: true } }), SAMPLER);
    expect(shape.height).toBe(30);
    expect(shape.inputAt("negative")).toEqual([0, 15]);
    expect(shape.outputAt(0)).toEqual([shape.width, 15]);
  });

  it("lies a title's height above the place in the file, but for reroutes", () => {
    expect(cornerOf(node("KSampler", [315, 262]))).toEqual([100, 170]);
    expect(cornerOf(node("Reroute", [75, 26]))).toEqual([100, 200]);
    expect(cornerOf(node("KSampler", [315, 262]), [0, 0])).toEqual([0, -30]);
  });
});

describe("the ends of links", () => {
  it("are found by node, and stay the same object for nodes an edit leaves alone", () => {
    const [first, second] = [link(1, "1", "2", "a"), link(2, "3", "4", "a")];
    const before = endsOf(graph([first, second]));
    expect(before.get("2")?.inputs.get("a")).toBe(first);
    expect(before.get("3")?.outputs.get(0)).toEqual([second]);
    const after = endsOf(graph([first, link(3, "5", "4", "a")]));
    expect(after.get("1")).toBe(before.get("1"));
    expect(after.get("2")).toBe(before.get("2"));
    expect(after.get("4")).not.toBe(before.get("4"));
    expect(after.get("3")).toBeUndefined();
  });
});

describe("colours", () => {
  it("are ComfyUI's for its types and steady for all others", () => {
    expect(colourOf("LATENT")).toBe("#ff9cf9");
    expect(colourOf("latent")).toBe("#ff9cf9");
    expect(colourOf("IMAGE,MASK")).toBe("#64b5f6");
    expect(colourOf("MY_TYPE")).toBe(colourOf("MY_TYPE"));
    expect(colourOf("MY_TYPE")).not.toBe(colourOf("OTHER_TYPE"));
    expect(colourOf(["a", "b"])).toBe(colourOf("*"));
  });

  it("are told apart by what can be read on them", () => {
    expect(schemeOn("#232")).toBe("dark");
    expect(schemeOn("#FFEEDD")).toBe("light");
    expect(schemeOn(null)).toBeUndefined();
    expect(schemeOn("tomato")).toBeUndefined();
  });
});
