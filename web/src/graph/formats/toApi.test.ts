import { describe, expect, it } from "vitest";
import { fixture, fixtureDefs, fixtureNames, fixtureText } from "./fixtures";
import { inputPlace, placeOf } from "./pin";
import { read } from "./read";
import { toApi, withoutUnknown } from "./toApi";
import { type DefinitionSketch, inputs, type NodeSketch, workflow } from "./workflow";

const defs = fixtureDefs();
const substitution = { random: () => 0.5, now: new Date(2024, 1, 3, 4, 5, 6) };

describe("the prompt of a workflow", () => {
  it.each(fixtureNames())("is what was worked out by hand for %s", (name) => {
    const { document } = read(fixtureText(name), defs);
    expect(toApi(document, defs, { substitution }).prompt).toEqual(fixture(`${name}.api`));
  });

  it("is only the branches of the targets if there are some", () => {
    const { document } = read(fixtureText("two_outputs"), defs);
    const { prompt } = toApi(document, defs);
    const outputs = Object.keys(prompt).filter((id) =>
      /^(Save|Preview)Image$/.test(prompt[id]?.class_type ?? ""),
    );
    const [first = "", second = ""] = outputs;
    const branch = toApi(document, defs, { targets: [first] }).prompt;
    expect(Object.keys(branch)).toContain(first);
    expect(Object.keys(branch)).not.toContain(second);
    for (const [id, node] of Object.entries(branch)) expect(node).toEqual(prompt[id]);
    expect(Object.keys(toApi(document, defs, { targets: outputs }).prompt)).toEqual(Object.keys(prompt));
  });

  it("leaves texts alone when it is only looked at", () => {
    const node: NodeSketch = { id: 1, type: "CLIPTextEncode", values: ["{a|b} // c"] };
    expect(inputs(toApi(workflow([node]), defs).prompt, "1")).toEqual({ text: "{a|b} // c" });
  });

  it("wraps lists, which would be read as links", () => {
    const node: NodeSketch = { id: 1, type: "SomePack", values: { masks: ["1", 0], plain: 3 } };
    expect(inputs(toApi(workflow([node]), defs).prompt, "1")).toEqual({
      masks: { __value__: ["1", 0] },
      plain: 3,
    });
  });

  it("gives an input without a name that of its place: sockets come before widgets", () => {
    const loader: NodeSketch = { id: 1, type: "CheckpointLoaderSimple", values: ["a"] };
    const node: NodeSketch = { id: 2, type: "CLIPTextEncode", in: { "": [1, 1] }, values: ["a fox"] };
    const { prompt } = toApi(workflow([loader, node]), defs);
    expect(inputs(prompt, "2")).toEqual({ text: "a fox", clip: ["1", 1] });
  });

  it("knows nodes in texts by their name for texts, then by title, also that of the class", () => {
    const named = { "Node name for S&R": "Size" };
    const nodes: NodeSketch[] = [
      { id: 1, type: "EmptyLatentImage", values: [1, 1, 1], title: "Size" },
      { id: 2, type: "EmptyLatentImage", values: [2, 2, 2], properties: named },
      { id: 3, type: "SaveImage", values: ["%Size.width% %Empty Latent Image.height%"] },
    ];
    const { prompt } = toApi(workflow(nodes), defs, { substitution });
    expect(inputs(prompt, "3")).toEqual({ filename_prefix: "2 2" });
  });

  it("takes the first link that an output of a definition names, also one that an input claims by mistake", () => {
    const slots = [{ name: "IMAGE", type: "IMAGE" }];
    const picture = (id: number) => ({ id, type: "LoadImage", outputs: slots, widgets_values: ["a.png"] });
    const out = (id: number, from: number) => ({
      ...{ id, origin_id: from, origin_slot: 0, target_id: -20, target_slot: 0, type: "IMAGE" },
    });
    const wrong = { id: 3, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: 12 }] };
    const definition = {
      ...{ id: "def", name: "Two", inputs: [], outputs: [{ ...slots[0], linkIds: [99, 12, 11] }] },
      nodes: [picture(1), picture(2), wrong],
      links: [out(11, 1), out(12, 2)],
    };
    const nodes = [
      { id: 1, type: "def", outputs: slots },
      { id: 2, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: 1 }] },
    ];
    const links = [[1, 1, 0, 2, 0, "IMAGE"]];
    const file = JSON.stringify({ nodes, links, version: 0.4, definitions: { subgraphs: [definition] } });
    expect(inputs(toApi(read(file).document, defs).prompt, "2")).toEqual({ images: ["1:2", 0] });
  });

  it("tells which values do not fit", () => {
    const node: NodeSketch = { id: 1, type: "EmptyLatentImage", values: ["wide", 512, 1] };
    const { findings } = toApi(workflow([node]), defs);
    expect(findings).toMatchObject([
      { code: "value-misfit", node: "1", input: "width", params: { value: '"wide"' } },
    ]);
  });
});

describe("without unknown classes", () => {
  it("what does not need them still runs", () => {
    const { document } = read(fixtureText("object_widgets"), defs);
    const conversion = toApi(document, defs);
    expect([...conversion.unknown]).toEqual(["1", "3", "4"]);
    expect(conversion.findings.map(({ code, params }) => [code, params["pack"]])).toContainEqual([
      "unknown-class-of",
      "someone/ComfyUI-Grain",
    ]);
    expect(withoutUnknown(conversion)).toEqual({});
    const image: NodeSketch = { id: 1, type: "LoadImage", out: ["IMAGE", "MASK"] };
    const grain: NodeSketch = { id: 2, type: "Grain", in: { image: [1, 0] }, out: ["IMAGE"] };
    const shown = [1, 2].map(
      (from): NodeSketch => ({ id: from + 10, type: "PreviewImage", in: { images: [from, 0] } }),
    );
    expect(Object.keys(withoutUnknown(toApi(workflow([image, grain, ...shown]), defs)))).toEqual(["1", "11"]);
  });
});

describe("places", () => {
  const inner: NodeSketch = {
    id: 5,
    type: "EmptyLatentImage",
    in: { width: [-10, 0] },
    widgets: ["width"],
    values: [1, 2, 3],
  };
  const definition = { id: "def", inputs: [["size", "INT"]], outputs: [], nodes: [inner] } as const;
  const outer: DefinitionSketch = {
    id: "outer",
    inputs: [["wide", "INT"]],
    outputs: [],
    nodes: [{ id: 4, type: "def", in: { size: [-10, 0] }, widgets: ["size"], values: [7] }],
  };
  const document = workflow([{ id: 9, type: "outer", values: [8] }], [outer, definition]);
  const { places } = toApi(document, defs);

  it("lead from an id of a run to the node, also for nodes the run added", () => {
    expect(placeOf(places, "9:4:5")).toEqual({ graph: "def", node: "5", path: ["9", "4"] });
    expect(placeOf(places, "9:4:5.0.0.3")).toEqual(placeOf(places, "9:4:5"));
    expect(placeOf(places, "1")).toBeUndefined();
  });

  it("lead from an input to the instance its value is edited on", () => {
    const place = placeOf(places, "9:4:5");
    if (place === undefined) throw new Error("no place");
    expect(inputPlace(document, place, "width")).toEqual({
      graph: "root",
      node: "9",
      path: [],
      input: "wide",
    });
    expect(inputPlace(document, place, "height")).toEqual({ ...place, input: "height" });
  });
});
