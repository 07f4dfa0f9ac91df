import { describe, expect, it } from "vitest";
import { type Document, ROOT } from "../document";
import type { Json, JsonObject } from "../json";
import { FormatError } from "./finding";
import { kindOf } from "./kind";
import { parse } from "./parse";
import { read } from "./read";
import { write } from "./write";

const node = (document: Document, key: string, graph = ROOT) => document.graphs.by[graph]?.nodes.by[key];
const links = (document: Document, graph = ROOT) =>
  Object.values(document.graphs.by[graph]?.links.by ?? {}).map(
    ({ id, from, fromSlot, to, toInput }) => `${id}: ${from}.${fromSlot} → ${to}.${toInput}`,
  );
const file = (nodes: Json[], more: JsonObject = {}): JsonObject => ({
  nodes,
  links: [],
  version: 0.4,
  ...more,
});
const codes = (found: ReturnType<typeof read>) => found.findings.map(({ code }) => code);

describe("text", () => {
  it("may begin with a byte-order mark", () => {
    expect(read(`\uFEFF${JSON.stringify(file([]))}`).document.graphs.ids).toEqual([ROOT]);
  });

  it("may hold what is no number, outside of strings", () => {
    const { value, findings } = parse('{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \\" Infinity"}');
    expect(value).toEqual({ a: null, b: [null, null], c: 'NaN " Infinity' });
    expect(findings).toMatchObject([{ code: "not-a-number-token", params: { count: 3 } }]);
  });

  it("tells of numbers that are too large, and only of those", () => {
    const { findings } = parse(
      '{"a": 18446744073709551615, "b": 1125899906842624, "c": "18446744073709551615"}',
    );
    expect(findings.map(({ params }) => params["number"])).toEqual(["18446744073709551615"]);
  });

  it.each(["", "{", "nothing", '{"a": NaN'])("that is not JSON is refused: %s", (text) => {
    expect(() => parse(text)).toThrow(FormatError);
  });

  it("that is no workflow is refused", () => {
    expect(() => read("[1, 2]")).toThrow(FormatError);
    expect(() => read('{"a": 1}')).toThrow(FormatError);
  });
});

describe("kinds of files", () => {
  it.each([
    ["workflow", file([])],
    ["api", { "1": { class_type: "A", inputs: {} } }],
    ["templates", { templates: [] }],
    ["empty", {}],
    ["unknown", { "1": { class_type: "" } }],
    ["unknown", { a: 1 }],
    ["unknown", [1]],
    ["unknown", null],
  ])("%s", (kind, value) => {
    expect(kindOf(value as Json)).toBe(kind);
  });
});

describe("repairs", () => {
  it("reads positions as objects and digits as numbers", () => {
    const { document } = read(
      file(
        [
          {
            id: "1",
            type: "A",
            pos: { "0": 10, "1": 20 },
            size: { "0": 30, "1": 40 },
            outputs: [{ name: "O", type: "O" }],
          },
          { id: 2, type: "B", inputs: [{ name: "x", type: "O", link: "5" }] },
        ],
        { links: [["5", "1", "0", "2", "0", "O"]] },
      ),
    );
    expect(node(document, "1")).toMatchObject({ pos: [10, 20], size: [30, 40] });
    expect(links(document)).toEqual(["5: 1.0 → 2.x"]);
  });

  it("believes the inputs where the list of links says otherwise", () => {
    const found = read(
      file(
        [
          { id: 1, type: "A", outputs: [{ name: "O", type: "O", links: [8] }] },
          {
            id: 2,
            type: "B",
            inputs: [
              { name: "x", type: "O", link: null },
              { name: "y", type: "O", link: 7 },
            ],
          },
          { id: 3, type: "B", inputs: [{ name: "x", type: "O", link: 99 }] },
        ],
        { links: [[7, 1, 0, 3, 0, "O"], null, [8, 1, 0, 2, 0, "O"], [9, 44, 0, 2, 1, "O"]] },
      ),
    );
    expect(links(found.document)).toEqual(["7: 1.0 → 2.y"]);
    expect(codes(found)).toEqual(["link-missing", "link-dropped", "link-dropped"]);
    const [, second] = write(found.document)["nodes"] as JsonObject[];
    expect(second?.["inputs"]).toEqual([
      { name: "x", type: "O", link: null },
      { name: "y", type: "O", link: 7 },
    ]);
  });

  it("takes links in both forms, one by one, wherever they stand", () => {
    const { document } = read(
      file(
        [
          { id: 1, type: "A", outputs: [] },
          { id: 2, type: "B", inputs: ["x", "y"].map((name) => ({ name, type: "O" })) },
        ],
        {
          links: [
            [1, 1, 0, 2, 0, "O"],
            { id: 2, origin_id: 1, origin_slot: 1, target_id: 2, target_slot: 1, type: "O", parentId: 4 },
          ],
        },
      ),
    );
    expect(links(document)).toEqual(["1: 1.0 → 2.x", "2: 1.1 → 2.y"]);
    expect(write(document)["links"]).toEqual([
      [1, 1, 0, 2, 0, "O"],
      { id: 2, origin_id: 1, origin_slot: 1, target_id: 2, target_slot: 1, type: "O", parentId: 4 },
    ]);
  });

  it("gives a link that ends twice a second self", () => {
    const twice = ["x", "y"].map((name) => ({ name, type: "O", link: 4 }));
    const found = read(
      file(
        [
          { id: 1, type: "A" },
          { id: 2, type: "B", inputs: twice },
        ],
        { links: [[4, 1, 0, 2, 0, "O"]] },
      ),
    );
    expect(links(found.document)).toEqual(["4: 1.0 → 2.x", "5: 1.0 → 2.y"]);
    expect(codes(found)).toEqual(["link-shared"]);
    expect(read(write(found.document)).findings).toEqual([]);
  });

  it("numbers a second node of the same id anew", () => {
    const input = { name: "x", type: "O", link: 1 };
    const found = read(
      file([{ id: 3, type: "A" }, { id: 3, type: "B", inputs: [input] }, "no node"], {
        links: [[1, 3, 0, 3, 0, "O"]],
      }),
    );
    expect(found.document.graphs.by[ROOT]?.nodes.ids).toEqual(["3", "4"]);
    expect(links(found.document)).toEqual(["1: 3.0 → 4.x"]);
    expect(codes(found)).toEqual(["duplicate-node-id", "not-a-node"]);
    expect(read(write(found.document)).findings).toEqual([]);
  });

  it("tells two inputs of the same name apart, and writes both as they were", () => {
    const inputs = [1, 2].map((link) => ({ name: "x", type: "O", link }));
    const given = file(
      [
        { id: 1, type: "A" },
        { id: 2, type: "B", inputs },
      ],
      {
        links: [
          [1, 1, 0, 2, 0, "O"],
          [2, 1, 1, 2, 1, "O"],
        ],
      },
    );
    const found = read(given);
    expect(links(found.document)).toEqual(["1: 1.0 → 2.x", "2: 1.1 → 2.x 2"]);
    expect(codes(found)).toEqual(["duplicate-input"]);
    expect(write(found.document)).toEqual(given);
  });

  it.each([
    ["T2IAdapterLoader", "ControlNetLoader"],
    ["ConditioningAverage ", "ConditioningAverage"],
    ["SDV_img2vid_Conditioning", "SVD_img2vid_Conditioning"],
    ["K`Sam<p>ler", "KSampler"],
  ])("knows %s as %s", (old, now) => {
    const found = read(file([{ id: 1, type: old }]));
    expect(node(found.document, "1")?.type).toBe(now);
    expect(codes(found)[0]).toBe("renamed-class");
  });

  it("knows an old group node by the groups of the file, and any other as a released workflow", () => {
    const types = ["workflow/Mine", "workflow/Fox & 'Owl'@1.2.0", "workflow>Mine"];
    const nodes = types.map((type, id) => ({ id, type }));
    const released = read(file(nodes));
    expect(node(released.document, "0")?.type).toBe("workflow/Mine");
    expect(node(released.document, "1")?.type).toBe("workflow/Fox & 'Owl'@1.2.0");
    const group = { nodes: [{ type: "KSampler" }], links: [] };
    const { findings } = read(file(nodes, { extra: { groupNodes: { Mine: group } } }));
    const converted = findings.filter(({ code }) => code === "group-node-converted");
    expect(converted.map((finding) => finding.node)).toEqual(["0", "2"]);
  });

  it("takes the prefix of old sampler names away", () => {
    const values = [1, "fixed", 20, 8, "sample_euler", "normal", 1];
    const { document } = read(
      file(["KSampler", "Other"].map((type, id) => ({ id, type, widgets_values: values }))),
    );
    expect(node(document, "0")?.values).toContain("euler");
    expect(node(document, "1")?.values).toContain("sample_euler");
  });

  it("opens definitions kept inside of definitions, and writes them in the one list", () => {
    const inner = {
      id: "inner",
      name: "Inner",
      nodes: [{ id: 1, type: "A" }],
      links: [],
      inputs: [],
      outputs: [],
    };
    const outer = { ...inner, id: "outer", definitions: { subgraphs: [inner] } };
    const { document } = read(file([], { definitions: { subgraphs: [outer] } }));
    expect(document.graphs.ids).toEqual([ROOT, "outer", "inner"]);
    const written = write(document)["definitions"] as { subgraphs: JsonObject[] };
    expect(written.subgraphs.map(({ id }) => id)).toEqual(["outer", "inner"]);
  });

  it("gives a link with a name no number that an input asks for", () => {
    const nodes = [
      { id: 1, type: "LoadImage", outputs: [{ name: "IMAGE", type: "IMAGE" }] },
      { id: 2, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: "picture" }] },
      { id: 3, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: 1 }] },
    ];
    const { document } = read({ nodes, links: [["picture", 1, 0, 2, 0, "IMAGE"]], version: 0.4 });
    const links = document.graphs.by[ROOT]?.links;
    expect(links?.ids.map((id) => links.by[id]?.to)).toEqual(["2"]);
  });
});
