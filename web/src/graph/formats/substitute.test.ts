import { describe, expect, it } from "vitest";
import { readDefs } from "../defs";
import { dynamicPrompt } from "./dynamicPrompt";
import { fixture, fixtureDefs } from "./fixtures";
import { formatDate } from "./substitute";
import { toApi } from "./toApi";
import { type DefinitionSketch, inputs, type NodeSketch, workflow } from "./workflow";

/** Draws these numbers in turn. */
function drawing(...numbers: number[]): () => number {
  return () => numbers.shift() ?? 0;
}

describe("a dynamic prompt", () => {
  it.each([
    ["a {red|green|blue} fox", [0.4], "a green fox"],
    ["{a|{b|c}} {d|e}", [0.9, 0.9, 0], "c d"],
    ["{a|{b|c}} {d|e}", [0, 0.9], "a e"],
    ["{one}", [0.99], "one"],
    ["{|x}", [0], ""],
    ["\\{a\\|b\\}", [], "{a|b}"],
    ["{a\\|b|c}", [0], "a|b"],
    ["open { stays", [], "open { stays"],
    ["{a|{b} tail", [], "{a|b tail"],
    ["stray } and | stay", [], "stray } and | stay"],
    ["a /* b\n c */d // e\nf", [], "a d \nf"],
    ["back\\slash", [], "back\\slash"],
  ])("%s", (text, numbers, expected) => {
    expect(dynamicPrompt(text, drawing(...numbers))).toBe(expected);
  });

  it("takes each alternative as often as the others", () => {
    const counts = new Map<string, number>();
    for (let at = 0; at < 300; at += 1) {
      const found = dynamicPrompt("{a|b|c}", () => at / 300);
      counts.set(found, (counts.get(found) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ a: 100, b: 100, c: 100 });
  });
});

describe("a date", () => {
  const date = new Date(2024, 1, 3, 14, 5, 6);
  it.each([
    ["yyyy-MM-dd", "2024-02-03"],
    ["yy.M.d", "24.2.3"],
    ["hh:mm:ss", "14:05:06"],
    ["h-m-s", "14-5-6"],
    ["yyyyMMddhhmmss", "20240203140506"],
  ])("%s", (format, expected) => {
    expect(formatDate(date, format)).toBe(expected);
  });
});

describe("tokens of file names", () => {
  const defs = fixtureDefs();
  const substitution = { random: () => 0, now: new Date(2024, 1, 3, 14, 5, 6) };
  const sampler: NodeSketch = {
    id: 3,
    type: "KSampler",
    values: [5, "fixed", 20, 7.5, "euler", "normal", 1],
    title: "A.B",
  };
  const prefix = (text: string, nodes: readonly NodeSketch[] = [sampler], type = "SaveImage") => {
    const save: NodeSketch = { id: 9, type, values: [text] };
    const { prompt } = toApi(workflow([...nodes, save]), defs, { substitution });
    return inputs(prompt, "9")?.["filename_prefix"];
  };

  it.each([
    ["%A.B.seed%_%A.B.cfg%", "5_7.5"],
    ["%date:yyyy/MM%", "2024/02"],
    ["50% %A.B.seed% 100%", "50% 5 100%"],
    ["%width%x%A.B.steps%", "%width%x20"],
    ["%A.B.nothing%", "%A.B.nothing%"],
    ["plain", "plain"],
  ])("%s becomes %s", (text, expected) => {
    expect(prefix(text)).toBe(expected);
  });

  it("hold nothing that no file may be called", () => {
    const text: NodeSketch = {
      id: 1,
      type: "PrimitiveString",
      title: "T",
      values: ['a/b\\c:d*e?f"g<h>i|j\n'],
    };
    expect(prefix("%T.value%", [text])).toBe("a_b_c_d_e_f_g_h_i_j_");
  });

  it("name a node by its own name for this before they go by titles", () => {
    const named: NodeSketch = {
      ...sampler,
      id: 4,
      title: "other",
      properties: { "Node name for S&R": "A.B" },
      values: [8],
    };
    expect(prefix("%A.B.seed%", [named])).toBe("8");
  });

  it("take the value a primitive gives a widget", () => {
    const primitive: NodeSketch = { id: 1, type: "PrimitiveNode", values: [77], out: ["INT"] };
    const fed: NodeSketch = { ...sampler, in: { seed: [1, 0] }, widgets: ["seed"] };
    expect(prefix("%A.B.seed%", [primitive, fed])).toBe("77");
  });

  it.each(["SaveImageAs", "WorkflowOutput"])("are read by %s, which only Darkroom has", (type) => {
    const own = readDefs({ [type]: fixture("object_info")["SaveImage"] ?? null });
    const save: NodeSketch = { id: 9, type, values: ["%A.B.seed%"] };
    const known = new Map([...defs, ...own]);
    const { prompt } = toApi(workflow([sampler, save]), known, { substitution });
    expect(inputs(prompt, "9")).toEqual({ filename_prefix: "5" });
  });

  it("are found around a subgraph, too", () => {
    const save: NodeSketch = { id: 9, type: "SaveImage", values: ["%A.B.seed%"] };
    const definition: DefinitionSketch = { id: "def", inputs: [], outputs: [], nodes: [save] };
    const { prompt } = toApi(workflow([sampler, { id: 7, type: "def" }], [definition]), defs, {
      substitution,
    });
    expect(inputs(prompt, "7:9")).toEqual({ filename_prefix: "5" });
  });
});
