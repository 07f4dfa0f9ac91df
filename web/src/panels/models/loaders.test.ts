import { describe, expect, it } from "vitest";
import { readDefs } from "@/graph/defs";
import type { Graph, NodeRecord } from "@/graph/document";
import { tableOf } from "@/graph/table";
import { loaderOf, takerAmong } from "./loaders";

const loader = (input: string, ...choices: string[]) => ({ input: { required: { [input]: [choices, {}] } } });
const DEFS = readDefs({
  OtherLoader: loader("file", "sd15.safetensors", "odd.bin"),
  Old: { ...loader("file", "old.bin"), deprecated: true },
  CheckpointLoaderSimple: loader("ckpt_name", "sd15.safetensors"),
});

describe("the loader of a model file", () => {
  it("is the usual one of its kind", () => {
    expect(loaderOf("checkpoints", "sd15.safetensors", DEFS)).toMatchObject({
      def: { name: "CheckpointLoaderSimple" },
      input: "ckpt_name",
    });
  });
  it("is any other that takes it, but none that is deprecated", () => {
    expect(loaderOf("odd", "odd.bin", DEFS)).toMatchObject({ def: { name: "OtherLoader" }, input: "file" });
    expect(loaderOf("odd", "old.bin", DEFS)).toBeNull();
    expect(loaderOf("checkpoints", "not-there", DEFS)).toBeNull();
  });
  it("is a selected node that takes it", () => {
    const node = (type: string) => ({ type }) as NodeRecord;
    const nodes = tableOf([
      ["1", node("CheckpointLoaderSimple")],
      ["2", node("OtherLoader")],
    ]);
    const graph: Graph = { nodes, links: tableOf(), groups: tableOf(), info: {} };
    expect(takerAmong(["1", "2"], graph, "odd.bin", DEFS)).toEqual({ node: "2", input: "file" });
    expect(takerAmong(["1"], graph, "odd.bin", DEFS)).toBeNull();
  });
});
