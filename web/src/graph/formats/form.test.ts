import { describe, expect, it } from "vitest";
import type { JsonObject } from "../json";
import { FORM, formOf, inForm, plain, remember } from "./form";

describe("the form of a record", () => {
  it("is nothing where the file writes as we do", () => {
    expect(formOf({ a: 1, b: [2] }, { a: 1, b: [2] })).toBeNull();
    expect(formOf([1, 2], [1, 2])).toBeNull();
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["the order of keys", { b: 1, a: 2 }, { a: 2, b: 1 }],
    ["a key it leaves out", { a: 1 }, { a: 1, flags: {} }],
    ["a key of its own", { a: 1, extra: null }, { a: 1 }],
    ["a value written differently", { pos: { "0": 1, "1": 2 } }, { pos: [1, 2] }],
    ["all of it", { z: 1, pos: { "0": 1 }, a: null }, { a: [], pos: [1, 0], flags: {}, z: 1 }],
  ])("gives %s back", (_, theirs, ours) => {
    expect(JSON.stringify(inForm(ours, formOf(theirs, ours) ?? undefined))).toBe(JSON.stringify(theirs));
  });

  it("gives way where the record says something else by now, and only there", () => {
    const form = formOf(
      { pos: { "0": 1, "1": 2 }, size: { "0": 3, "1": 4 } },
      { pos: [1, 2], size: [3, 4], flags: {} },
    );
    const edited = { pos: [9, 9], size: [3, 4], flags: { pinned: true } };
    expect(inForm(edited, form ?? undefined)).toEqual({
      pos: [9, 9],
      size: { "0": 3, "1": 4 },
      flags: { pinned: true },
    });
  });

  it("is kept for lists as a whole", () => {
    const form = formOf(["1", 2], [1, 2]);
    expect(inForm([1, 2], form ?? undefined)).toEqual(["1", 2]);
    expect(inForm([1, 3], form ?? undefined)).toEqual([1, 3]);
  });

  it("is not kept of what was repaired", () => {
    expect(formOf({ id: 3, a: 1 }, { id: 4, a: 1 }, ["id"])).toBeNull();
  });

  it("stands beside the data and never in a file", () => {
    const rest = remember({ shape: 7 }, { keys: ["a"] });
    expect(rest[FORM]).toEqual({ keys: ["a"] });
    expect(plain(rest)).toEqual({ shape: 7 });
    expect(remember(rest, null)).toBe(rest);
  });
});
