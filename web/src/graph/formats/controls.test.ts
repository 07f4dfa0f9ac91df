import { describe, expect, it } from "vitest";
import { apply, Draft, inverse } from "../change";
import { type InputDef, readDef } from "../defs";
import type { Document } from "../document";
import { applyControls } from "./controls";
import { fixtureDefs } from "./fixtures";
import { nextValue } from "./nextValue";
import { type DefinitionSketch, type NodeSketch, workflow } from "./workflow";

const defs = fixtureDefs();
const input = (type: string, options: Record<string, number> | { options: string[] }): InputDef => {
  const [found] = readDef("X", { input: { required: { x: [type, options] } } }).inputs;
  if (found === undefined) throw new Error("no input");
  return found;
};

describe("a number with a control", () => {
  const int = input("INT", { min: 0, max: 10, step: 2 });
  it.each([
    ["fixed", 4, 4],
    ["increment", 4, 6],
    ["increment", 10, 10],
    ["decrement", 4, 2],
    ["decrement", 0, 0],
    ["increment", 99, 10],
  ] as const)("%s from %d is %d", (control, from, to) => {
    expect(nextValue(int, from, control, "", () => 0)).toBe(to);
  });

  it("is drawn from its grid, both ends included", () => {
    const drawn = Array.from({ length: 60 }, (_, at) => nextValue(int, 4, "randomize", "", () => at / 60));
    expect(new Set(drawn)).toEqual(new Set([0, 2, 4, 6, 8, 10]));
  });

  it("stays within what every file can hold, and exact", () => {
    const seed = input("INT", { min: 0, max: 2 ** 64 });
    const highest = nextValue(seed, 0, "randomize", "", () => 1 - 2 ** -53);
    expect(highest).toBeLessThanOrEqual(2 ** 50);
    expect(Number.isSafeInteger(highest)).toBe(true);
    const below = nextValue(input("INT", { min: -(2 ** 64), max: 0 }), 0, "randomize", "", () => 0);
    expect(below).toBe(-(2 ** 50));
  });

  it("leaves no traces of binary fractions", () => {
    expect(nextValue(input("FLOAT", { min: 0, max: 1, step: 0.1 }), 0.2, "increment", "", () => 0)).toBe(0.3);
  });
});

describe("a choice with a control", () => {
  const combo = input("COMBO", { options: ["alpha", "beta", "Gamma", "delta"] });
  it.each([
    ["increment", "", "alpha", "beta"],
    ["increment", "", "delta", "delta"],
    ["decrement", "", "alpha", "alpha"],
    ["increment-wrap", "", "delta", "alpha"],
    ["increment", "gam", "alpha", "Gamma"],
    ["increment-wrap", "/^(alpha|delta)$/", "alpha", "delta"],
    ["increment", "nothing like it", "alpha", "alpha"],
    ["fixed", "", "beta", "beta"],
  ] as const)("%s with the filter '%s' from %s is %s", (control, filter, from, to) => {
    expect(nextValue(combo, from, control, filter, () => 0)).toBe(to);
  });

  it("is drawn among what the filter leaves", () => {
    const drawn = [0, 0.4, 0.8].map((number) => nextValue(combo, "beta", "randomize", "/ta$/", () => number));
    expect(drawn).toEqual(["beta", "beta", "delta"]);
  });

  it("takes an unfinished expression as the text it is", () => {
    expect(nextValue(combo, "alpha", "increment", "/(/", () => 0)).toBe("alpha");
  });
});

describe("a run", () => {
  const sampler = (id: number, control: string, seed = 5): NodeSketch => ({
    id,
    type: "KSampler",
    values: [seed, control, 20, 8, "euler", "normal", 1],
  });
  const move = (document: Document) => {
    const draft = new Draft(document);
    applyControls(draft, defs, () => 0.5);
    return draft;
  };
  const values = (document: Document, node: string, graph = "root") =>
    document.graphs.by[graph]?.nodes.by[node]?.values;

  it("moves seeds on, muted nodes' too, and can be undone", () => {
    const document = workflow([
      sampler(1, "increment"),
      { ...sampler(2, "decrement"), mode: 2 },
      sampler(3, "fixed"),
    ]);
    const draft = move(document);
    expect(values(draft.document, "1")).toEqual([6, "increment", 20, 8, "euler", "normal", 1]);
    expect(values(draft.document, "2")).toEqual([4, "decrement", 20, 8, "euler", "normal", 1]);
    expect(draft.document.graphs.by["root"]?.nodes.by["3"]).toBe(document.graphs.by["root"]?.nodes.by["3"]);
    expect(apply(draft.document, inverse(draft.changes))).toEqual(document);
  });

  it("changes nothing at all where nothing moves", () => {
    expect(move(workflow([sampler(1, "fixed")])).changes).toEqual([]);
  });

  it("moves a primitive by what it feeds, also behind a reroute", () => {
    const nodes: NodeSketch[] = [
      { id: 1, type: "PrimitiveNode", values: [512, "increment"], out: ["INT"] },
      { id: 2, type: "Reroute", in: { "": [1, 0] }, out: ["*"] },
      { id: 3, type: "EmptyLatentImage", in: { width: [2, 0] }, widgets: ["width"], values: [512, 512, 1] },
    ];
    expect(values(move(workflow(nodes)).document, "1")).toEqual([520, "increment"]);
  });

  it("moves what instances say of a seed inside by its control there", () => {
    const inner = { ...sampler(1, "increment"), in: { seed: [-10, 0] }, widgets: ["seed"] } as const;
    const definition: DefinitionSketch = {
      id: "def",
      inputs: [["seed", "INT"]],
      outputs: [],
      nodes: [inner],
    };
    const hosts: NodeSketch[] = [
      { id: 7, type: "def", values: [100] },
      { id: 8, type: "def", values: [200] },
      { id: 9, type: "def", values: [] },
    ];
    const { document } = move(workflow(hosts, [definition]));
    expect(["7", "8", "9"].map((id) => values(document, id))).toEqual([[101], [201], []]);
    expect(values(document, "1", "def")).toEqual([6, "increment", 20, 8, "euler", "normal", 1]);
  });
});
