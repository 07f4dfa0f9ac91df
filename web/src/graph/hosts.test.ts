import { expect, test } from "vitest";
import { apply } from "./change";
import { ROOT } from "./document";
import { definitionsInside, defOf, hostDef, proxied } from "./hosts";
import { DEFS, documentOf, graphIn, graphOf, linkOf, nodeIn, nodeOf, PART, withSubgraph } from "./toys";
import { places, readWidgets } from "./widgets";

test("a definition is a class: sockets, and widgets with the values inside as defaults", () => {
  const def = hostDef(withSubgraph(), DEFS, PART);
  expect(def?.title).toBe("Sampling");
  expect(def?.inputs.map((input) => [input.name, input.widget, input.options["default"]])).toEqual([
    ["model", null, undefined],
    ["latent", null, undefined],
    ["seed", "INT", 7],
    ["steps", "INT", 20],
  ]);
});

test("a host has one value for each widget, without controls", () => {
  const document = withSubgraph();
  const def = hostDef(document, DEFS, PART);
  if (def === undefined) throw new Error("no definition");
  expect(places(def).map(({ input, kind }) => `${input.name} ${kind}`)).toEqual([
    "seed value",
    "steps value",
  ]);
  expect([...readWidgets(nodeIn(document, "10"), def).values]).toEqual([
    ["seed", 42],
    ["steps", 30],
  ]);
  expect([...readWidgets(nodeIn(document, "11"), def).values]).toEqual([
    ["seed", 7],
    ["steps", 20],
  ]);
});

test("the class stays the same object until something inside changes", () => {
  const document = withSubgraph();
  const first = hostDef(document, DEFS, PART);
  const moved = { ...nodeIn(document, "10"), pos: [1, 2] as const };
  const after = {
    kind: "record",
    graph: ROOT,
    table: "nodes",
    id: "10",
    at: 0,
    before: null,
    after: moved,
  } as const;
  expect(hostDef(apply(document, [after]), DEFS, PART)).toBe(first);
  const values = [9, "fixed", 5, 8, "euler", "normal", 1];
  const inner = { ...nodeIn(document, "1", PART), values };
  const changed = apply(document, [{ ...after, graph: PART, id: "1", after: inner }]);
  expect(hostDef(changed, DEFS, PART)?.inputs[3]?.options["default"]).toBe(5);
});

test("widgets of nested subgraphs are promoted step by step", () => {
  const part = graphIn(withSubgraph(), PART);
  const outer = graphOf([nodeOf(3, PART, { values: [1, 2] })], [linkOf(1, "-10:0", "3:steps", "INT")], [], {
    name: "Outer",
    inputs: [{ name: "how many", type: "INT" }],
    outputs: [],
  });
  const document = documentOf(graphOf([nodeOf(1, "outer")]), { outer, [PART]: part });
  expect([...definitionsInside(document, ROOT)].sort()).toEqual([PART, "outer"].sort());
  const [input] = hostDef(document, DEFS, "outer")?.inputs ?? [];
  expect(input).toMatchObject({ name: "how many", widget: "INT", options: { default: 2, min: 1 } });
});

test("widgets shown without an input come behind the others, previews do not count", () => {
  const document = withSubgraph();
  const proxyWidgets = [
    ["1", "cfg"],
    ["-1", "seed"],
    ["1", "$$canvas-image-preview"],
    ["7", "gone"],
  ];
  const host = { ...nodeIn(document, "10"), properties: { proxyWidgets }, values: [42, 30, 3.5] };
  expect(proxied(document, DEFS, host).map(({ input }) => input.name)).toEqual(["cfg"]);
  const def = defOf(document, DEFS, host);
  if (def === undefined) throw new Error("no definition");
  expect([...readWidgets(host, def).values]).toEqual([
    ["seed", 42],
    ["steps", 30],
    ["cfg", 3.5],
  ]);
  expect(defOf(document, DEFS, host)).toBe(def);
});

test("a definition that contains itself is read without an end", () => {
  const loop = graphOf([nodeOf(1, "loop")], [linkOf(1, "-10:0", "1:a", "INT")], [], {
    inputs: [{ name: "a", type: "INT" }],
  });
  const document = documentOf(graphOf([nodeOf(1, "loop")]), { loop });
  expect(definitionsInside(document, "loop").has("loop")).toBe(true);
  expect(hostDef(document, DEFS, "loop")?.inputs.map((input) => input.name)).toEqual(["a"]);
});
