import { describe, expect, it } from "vitest";
import { Draft } from "../change";
import { type LinkRecord, type NodeRecord, ROOT } from "../document";
import { isObject, type JsonObject } from "../json";
import { tableOf } from "../table";
import { fixture, fixtureDefs, fixtureNames } from "./fixtures";
import { read } from "./read";
import { write } from "./write";

describe("opening and saving", () => {
  // Group nodes are opened as subgraphs; everything else stays.
  it.each(fixtureNames().filter((name) => name !== "group_node"))("gives %s back as it was", (name) => {
    const file = fixture(name);
    expect(JSON.stringify(write(read(file, fixtureDefs()).document))).toBe(JSON.stringify(file));
  });

  it("gives it back after the document was kept as JSON in between, too", () => {
    for (const name of fixtureNames().filter((one) => one !== "group_node")) {
      const kept = JSON.stringify(read(fixture(name)).document);
      expect(write(JSON.parse(kept))).toEqual(fixture(name));
    }
  });
});

const node = (id: number, more: Partial<NodeRecord> = {}): NodeRecord => ({
  id,
  type: "VAEDecode",
  pos: [0, 0],
  size: [210, 46],
  mode: 0,
  title: null,
  flags: {},
  color: null,
  bgcolor: null,
  inputs: [{ name: "samples", type: "LATENT", rest: {} }],
  outputs: [{ name: "IMAGE", type: "IMAGE", rest: {} }],
  values: null,
  properties: { "Node name for S&R": "VAEDecode" },
  rest: {},
  ...more,
});
const link = (
  id: number,
  from: string,
  to: string,
  toInput: string,
  more: Partial<LinkRecord> = {},
): LinkRecord => ({
  id,
  from,
  fromSlot: 0,
  to,
  toInput,
  type: "LATENT",
  rest: {},
  ...more,
});

function nodesOf(file: JsonObject): JsonObject[] {
  const nodes = file["nodes"];
  return Array.isArray(nodes) ? nodes.filter(isObject) : [];
}

describe("a new workflow", () => {
  const graph = {
    nodes: tableOf([
      ["2", node(2)],
      ["1", node(1)],
    ] as const),
    links: tableOf([["5", link(5, "1", "2", "samples")]] as const),
    groups: tableOf<never>(),
    info: {},
  };

  it("has everything the canvas of ComfyUI wants", () => {
    const file = write({ graphs: tableOf([[ROOT, graph]]) });
    expect(file).toMatchObject({
      last_node_id: 2,
      last_link_id: 5,
      groups: [],
      config: {},
      extra: {},
      version: 0.4,
    });
    expect(file["links"]).toEqual([[5, 1, 0, 2, 0, "LATENT"]]);
    expect(nodesOf(file)[0]).toEqual({
      id: 2,
      type: "VAEDecode",
      pos: [0, 0],
      size: [210, 46],
      flags: {},
      order: 1,
      mode: 0,
      inputs: [{ name: "samples", type: "LATENT", link: 5 }],
      outputs: [{ name: "IMAGE", type: "IMAGE", links: [] }],
      properties: { "Node name for S&R": "VAEDecode" },
    });
    expect(nodesOf(file)[1]).toMatchObject({ order: 0, outputs: [{ links: [5] }] });
  });

  it("draws ids above those of its subgraphs", () => {
    const inner = {
      ...graph,
      nodes: tableOf([["77", node(77)]] as const),
      links: tableOf<LinkRecord>(),
      info: { name: "x" },
    };
    const file = write({
      graphs: tableOf([
        [ROOT, graph],
        ["def", inner],
      ]),
    });
    expect(file).toMatchObject({
      last_node_id: 77,
      definitions: { subgraphs: [{ id: "def", state: { lastNodeId: 77 } }] },
    });
  });
});

describe("after an edit", () => {
  it("a file says what is now, and the rest as it did", () => {
    const before = fixture("old");
    const draft = new Draft(read(before).document);
    const [key = ""] = draft.graph(ROOT).nodes.ids;
    const first = draft.graph(ROOT).nodes.by[key];
    if (first === undefined) throw new Error("the file has no nodes");
    draft.put(ROOT, "nodes", key, { ...first, pos: [7, 8] });
    const after = write(draft.document);
    const [moved, ...others] = nodesOf(after);
    expect(moved).toEqual({ ...nodesOf(before)[0], pos: [7, 8] });
    expect(others).toEqual(nodesOf(before).slice(1));
    expect({ ...after, nodes: [] }).toEqual({ ...before, nodes: [] });
  });

  it("links are written at both ends and in the list, and orders follow them", () => {
    const draft = new Draft(read(fixture("text_to_image")).document);
    const graph = draft.graph(ROOT);
    const decode = graph.nodes.ids.find((key) => graph.nodes.by[key]?.type === "VAEDecode") ?? "";
    const [loader] = graph.nodes.ids.filter((key) => graph.nodes.by[key]?.type === "CheckpointLoaderSimple");
    draft.put(ROOT, "nodes", "900", node(900));
    draft.put(ROOT, "nodes", "901", node(901));
    draft.put(ROOT, "links", "800", link(800, "900", decode, "extra"));
    draft.put(ROOT, "links", "801", link(801, "901", "900", "samples"));
    const file = write(draft.document);
    expect(file).toMatchObject({ last_node_id: 901, last_link_id: 801 });
    const byId = new Map(nodesOf(file).map((one) => [one["id"], one]));
    expect(byId.get(901)).toMatchObject({ outputs: [{ links: [801] }] });
    expect(byId.get(900)).toMatchObject({ inputs: [{ link: 801 }], outputs: [{ links: [800] }] });
    const order = (id: number) => Number(byId.get(id)?.["order"]);
    expect(order(901)).toBeLessThan(order(900));
    expect(order(900)).toBeLessThan(order(Number(decode)));
    expect(new Set(nodesOf(file).map((one) => one["order"])).size).toBe(byId.size);
    expect(loader).toBeDefined();
  });

  it("the ends of a subgraph name the links that are there", () => {
    const draft = new Draft(read(fixture("subgraph")).document);
    const id = draft.document.graphs.ids[1] ?? "";
    const gone = draft.graph(id).links.ids.find((key) => draft.graph(id).links.by[key]?.from === "-10") ?? "";
    const slot = draft.graph(id).links.by[gone]?.fromSlot ?? -1;
    draft.put(id, "links", gone, null);
    const definitions = write(draft.document)["definitions"] as {
      subgraphs: { id: string; inputs: { linkIds: number[] }[] }[];
    };
    const found = definitions.subgraphs.find((one) => one.id === id);
    expect(found?.inputs[slot]?.linkIds).not.toContain(Number(gone));
  });

  it("a root of version 1 stays one", () => {
    const draft = new Draft(read(fixture("version1")).document);
    draft.put(ROOT, "nodes", "900", node(900));
    const file = write(draft.document);
    expect(file).toMatchObject({ version: 1, state: { lastNodeId: 900 } });
    expect(file).not.toHaveProperty("last_node_id");
  });
});
