import { describe, expect, it } from "vitest";
import { matching, type TreeEntry, treeOf } from "./tree";
import { freeName, nameTrouble } from "./userdata";

const file = (name: string) => ({ name, size: 1, modified: 1 });
const paths = (entries: readonly TreeEntry[]): unknown[] =>
  entries.map((entry) => (entry.kind === "folder" ? [entry.path, paths(entry.entries)] : entry.path));

describe("the tree of files", () => {
  it("puts folders first and counts in names as people do", () => {
    const files = ["take 10", "take 2", "b/two", "a/deep/one", "a/zero"].map(file);
    expect(paths(treeOf(files))).toEqual([
      ["a/", [["a/deep/", ["a/deep/one"]], "a/zero"]],
      ["b/", ["b/two"]],
      "take 2",
      "take 10",
    ]);
  });

  it("finds files by words in any order, folders included", () => {
    const files = ["portraits/night", "portraits/day", "night sky"].map(file);
    expect(matching(files, "night port").map(({ name }) => name)).toEqual(["portraits/night"]);
    expect(matching(files, " ")).toHaveLength(3);
  });
});

describe("names of files", () => {
  it("are free once counted up", () => {
    expect(freeName("a", [])).toBe("a");
    expect(freeName("a", ["a", "a 2"])).toBe("a 3");
    expect(freeName("a 2", ["a 2"])).toBe("a 3");
  });

  it("are refused where a system could not keep them", () => {
    expect(["folder/ok", "夜景"].map(nameTrouble)).toEqual(["", ""]);
    expect(["", " ", "a//b", "a:b", "../a", ".a", "a.", "x".repeat(300)].map(nameTrouble)).toEqual([
      "empty",
      "empty",
      "sign",
      "sign",
      "dots",
      "dots",
      "dots",
      "long",
    ]);
  });
});
