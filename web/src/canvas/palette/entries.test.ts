import { expect, test } from "vitest";
import type { NodeDef } from "@/graph/defs";
import { categoriesOf, search } from "./entries";

const classOf = (name: string, category: string): NodeDef => ({
  name,
  title: name,
  category,
  description: "",
  inputs: [],
  outputs: [],
  isOutput: false,
  deprecated: false,
  experimental: false,
  module: "",
});
const MANY = Array.from({ length: 300 }, (_, n) => classOf(`Aaa${n}`, "_for_testing"));
const ALL = [...MANY, classOf("Zoom", "workflows/mine"), classOf("KSampler", "sampling")];
const names = (query: string, category?: string) =>
  search(ALL, query, null, category).map(({ def }) => def.name);

test("a category has all of its classes, however many others there are", () => {
  expect(names("", "workflows")).toEqual(["Zoom"]);
  expect(names("", "_for_testing")).toHaveLength(300);
  expect(names("zo", "sampling")).toEqual([]);
});

test("what is used every day comes first, experiments last", () => {
  expect(names("").slice(0, 2)).toEqual(["KSampler", "Zoom"]);
  expect(categoriesOf(ALL)).toEqual(["sampling", "workflows", "_for_testing"]);
});
