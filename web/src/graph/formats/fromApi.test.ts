import { describe, expect, it } from "vitest";
import { type Document, ROOT } from "../document";
import type { JsonObject } from "../json";
import { fixture, fixtureDefs, fixtureNames } from "./fixtures";
import { fromApi } from "./fromApi";
import { read } from "./read";
import { toApi } from "./toApi";
import { write } from "./write";

const defs = fixtureDefs();
const node = (document: Document, key: string) => document.graphs.by[ROOT]?.nodes.by[key];

describe("a prompt as a workflow", () => {
  it.each(fixtureNames())("is the same prompt again: %s", (name) => {
    const prompt = fixture(`${name}.api`);
    const { document } = fromApi(prompt, defs);
    expect(toApi(document, defs).prompt).toEqual(complete(prompt));
    expect(toApi(read(JSON.stringify(write(document))).document, defs).prompt).toEqual(complete(prompt));
  });

  it("takes ids as they are, numbers as numbers", () => {
    const entry = { class_type: "PreviewImage", inputs: {} };
    const { document } = fromApi({ "7": entry, "12:3": entry, "007": entry, name: entry }, defs);
    const ids = Object.values(document.graphs.by[ROOT]?.nodes.by ?? {}).map(({ id }) => id);
    expect(ids).toEqual([7, "12:3", "007", "name"]);
  });

  it("keeps titles that are not the usual ones", () => {
    const entry = (title: string) => ({ class_type: "KSampler", inputs: {}, _meta: { title } });
    const { document } = fromApi({ "1": entry("KSampler"), "2": entry("First pass") }, defs);
    expect([node(document, "1")?.title, node(document, "2")?.title]).toEqual([null, "First pass"]);
  });

  it("leaves seeds alone, so that it runs as it ran", () => {
    const { document } = fromApi({ "1": { class_type: "KSampler", inputs: { seed: 42 } } }, defs);
    expect(node(document, "1")?.values).toEqual([42, "fixed", 20, 8, "euler", expect.any(String), 1]);
  });

  it("keeps nodes of unknown classes with their values and sockets", () => {
    const prompt = {
      "1": {
        class_type: "Mystery",
        inputs: { strength: 0.5, list: { __value__: [1, 2] } },
        is_changed: ["x"],
      },
      "2": { class_type: "Mystery", inputs: { image: ["1", 2] } },
      "3": { class_type: "PreviewImage", inputs: { images: ["1", 2] } },
    };
    const { document, findings } = fromApi(prompt, defs);
    expect(node(document, "1")).toMatchObject({ values: { strength: 0.5, list: [1, 2] } });
    expect(node(document, "1")?.outputs?.map(({ type }) => type)).toEqual(["*", "*", "*"]);
    expect(findings.map(({ code, node: key }) => [code, key])).toEqual([
      ["unknown-class", "1"],
      ["unknown-class", "2"],
    ]);
    expect(toApi(document, defs).prompt["1"]?.inputs).toEqual(prompt["1"].inputs);
  });

  it("gives outputs of unknown classes the type of what they feed", () => {
    const { document } = fromApi(
      {
        "1": { class_type: "Mystery", inputs: {} },
        "3": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
      },
      defs,
    );
    expect(node(document, "1")?.outputs).toMatchObject([{ type: "IMAGE" }]);
  });

  it("says what it could not take", () => {
    const { document, findings } = fromApi(
      {
        "1": { class_type: "PreviewImage", inputs: { images: ["99", 0], other: 3 } },
        "2": { inputs: {} },
      },
      defs,
    );
    expect(document.graphs.by[ROOT]?.nodes.ids).toEqual(["1"]);
    expect(findings.map(({ code }) => code)).toEqual([
      "entry-without-class",
      "wire-without-origin",
      "unknown-input",
    ]);
  });

  it("is laid out in columns along its links, without nodes on top of each other", () => {
    const { document } = fromApi(fixture("controlnet.api"), defs);
    const graph = document.graphs.by[ROOT];
    for (const link of Object.values(graph?.links.by ?? {})) {
      const [from, to] = [node(document, link.from), node(document, link.to)];
      expect((from?.pos[0] ?? 0) + (from?.size[0] ?? 0)).toBeLessThan(to?.pos[0] ?? 0);
    }
    const boxes = Object.values(graph?.nodes.by ?? {}).map(({ pos, size }) => ({ pos, size }));
    boxes.forEach((a, at) => {
      for (const b of boxes.slice(at + 1)) {
        const apart =
          a.pos[0] + a.size[0] <= b.pos[0] ||
          b.pos[0] + b.size[0] <= a.pos[0] ||
          a.pos[1] + a.size[1] <= b.pos[1] - 30 ||
          b.pos[1] + b.size[1] <= a.pos[1] - 30;
        expect(apart).toBe(true);
      }
    });
  });
});

/** Widgets a prompt says nothing of get their defaults. */
function complete(prompt: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(prompt).map(([id, entry]) => {
      const {
        class_type,
        inputs = {},
        _meta,
      } = entry as { class_type: string; inputs?: JsonObject; _meta?: JsonObject };
      const { document } = fromApi({ x: { class_type, inputs: {} } }, defs);
      const defaults = defs.has(class_type) ? toApi(document, defs).prompt["x"]?.inputs : {};
      return [id, { class_type, inputs: { ...defaults, ...inputs }, _meta: _meta ?? {} }];
    }),
  );
}
