import { describe, expect, it } from "vitest";
import { fixtureDefs, fixtureText } from "./fixtures";
import { missing } from "./missing";
import { read } from "./read";
import { type NodeSketch, workflow } from "./workflow";

const defs = fixtureDefs();

describe("missing classes", () => {
  it("are told once each, with the pack they come from and where they stand", () => {
    const { classes } = missing(read(fixtureText("object_widgets")).document, defs);
    expect(classes.map(({ type, registryId, repository }) => [type, registryId, repository])).toEqual([
      ["VHS_LoadVideo", "comfyui-videohelpersuite", "Kosinkadink/ComfyUI-VideoHelperSuite"],
      ["VHS_VideoCombine", "comfyui-videohelpersuite", null],
      ["FilmGrain", null, "someone/ComfyUI-Grain"],
      ["ColorMatch", "comfyui-kjnodes", null],
    ]);
    expect(classes[0]?.nodes).toEqual([{ graph: "root", node: "1" }]);
  });

  it("are not notes, reroutes, subgraphs or what packs draw", () => {
    const types = ["Note", "Reroute", "PrimitiveNode", "SetNode", "Label (rgthree)", "def"];
    const nodes = types.map((type, id): NodeSketch => ({ id, type }));
    const inner: NodeSketch = { id: 1, type: "Mystery" };
    const { classes } = missing(
      workflow(nodes, [{ id: "def", inputs: [], outputs: [], nodes: [inner] }]),
      defs,
    );
    expect(classes).toMatchObject([{ type: "Mystery", nodes: [{ graph: "def", node: "1" }] }]);
  });
});

describe("missing files", () => {
  const known = defs.get("CheckpointLoaderSimple")?.inputs[0]?.choices[0];
  const loader = (id: number, value: string, more: Partial<NodeSketch> = {}): NodeSketch => ({
    id,
    type: "CheckpointLoaderSimple",
    values: [value],
    ...more,
  });
  const found = (...nodes: NodeSketch[]) => missing(workflow(nodes), defs).choices;

  it("are choices the server does not offer, once each", () => {
    expect(
      found(loader(1, "gone.safetensors"), loader(2, "gone.safetensors"), loader(3, String(known))),
    ).toEqual([
      {
        value: "gone.safetensors",
        type: "CheckpointLoaderSimple",
        input: "ckpt_name",
        download: null,
        similar: null,
        nodes: [
          { graph: "root", node: "1" },
          { graph: "root", node: "2" },
        ],
      },
    ]);
  });

  it("are not wanted by nodes that do not run", () => {
    expect(
      found(loader(1, "gone.safetensors", { mode: 2 }), loader(2, "gone.safetensors", { mode: 4 })),
    ).toEqual([]);
  });

  it("come with where to get them, if that is an address of the web", () => {
    const models = (url: string) => ({
      models: [{ name: "gone.safetensors", url, directory: "checkpoints", hash: "abc", hash_type: "SHA256" }],
    });
    const [safe] = found(
      loader(1, "sd/gone.safetensors", { properties: models("https://example.org/gone") }),
    );
    expect(safe?.download).toEqual({
      url: "https://example.org/gone",
      directory: "checkpoints",
      hash: "abc",
      hashType: "SHA256",
    });
    const [unsafe] = found(loader(1, "gone.safetensors", { properties: models("javascript:alert(1)") }));
    expect(unsafe?.download).toBeNull();
  });

  it("may lie in another folder here", () => {
    expect(found(loader(1, `other\\folder/${known}`))).toMatchObject([{ similar: known }]);
  });
});
