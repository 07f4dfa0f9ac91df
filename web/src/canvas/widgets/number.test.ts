import { describe, expect, it } from "vitest";
import type { InputDef } from "@/graph/defs";
import { formatNumber, parseNumber, randomIn, rangeOf, scrubbed, stepped } from "./number";

function input(widget: "INT" | "FLOAT", options: InputDef["options"]): InputDef {
  return { name: "x", type: widget, widget, choices: [], optional: false, options };
}
const cfg = rangeOf(input("FLOAT", { min: 0, max: 100, step: 0.1, round: 0.01 }));
const width = rangeOf(input("INT", { min: 16, max: 16384, step: 8 }));
const seed = rangeOf(input("INT", { min: 0, max: 2 ** 64 }));

describe("numbers of widgets", () => {
  it("reads what was typed, with sums, commas and exponents", () => {
    expect(parseNumber("512", width)).toBe(512);
    expect(parseNumber("512*2 + 8", width)).toBe(1032);
    expect(parseNumber("1024/4", width)).toBe(256);
    expect(parseNumber("7,5", cfg)).toBe(7.5);
    expect(parseNumber("1e1", cfg)).toBe(10);
    expect(parseNumber(" 3 - 1.5 ", cfg)).toBe(1.5);
    expect(parseNumber(".5", cfg)).toBe(0.5);
  });

  it("refuses what is no number", () => {
    for (const typed of ["", "abc", "1..2", "2*", "--", "alert(1)", "1/0"]) {
      expect(parseNumber(typed, cfg), typed).toBeNull();
    }
  });

  it("keeps values in range and whole where they must be", () => {
    expect(parseNumber("-5", cfg)).toBe(0);
    expect(parseNumber("999", cfg)).toBe(100);
    expect(parseNumber("12.6", width)).toBe(16);
    expect(parseNumber("500.4", width)).toBe(500);
  });

  it("does not gather the dust of binary fractions", () => {
    expect(stepped(0.2, 1, cfg)).toBe(0.3);
    expect(stepped(7.9, 3, cfg)).toBe(8.2);
  });

  it("shows as many decimals as the step has, and never a value that is not there", () => {
    expect(formatNumber(8, cfg)).toBe("8.00");
    expect(formatNumber(7.123456, cfg)).toBe("7.123456");
    expect(formatNumber(512, width)).toBe("512");
  });

  it("steps and scrubs by the step", () => {
    expect(stepped(512, 1, width)).toBe(520);
    expect(stepped(16, -1, width)).toBe(16);
    expect(scrubbed(8, 40, cfg, false)).toBe(9);
    expect(scrubbed(8, -40, cfg, false)).toBe(7);
    expect(scrubbed(8, 40, cfg, true)).toBe(18);
    expect(scrubbed(512, 500, width, false)).toBeGreaterThan(scrubbed(512, 100, width, false) * 3);
    expect(scrubbed(8, -400_000, cfg, true)).toBe(0);
    expect(scrubbed(100, 8, seed, false)).toBe(102);
  });

  it("draws seeds that files can hold", () => {
    expect(randomIn(seed, () => 0)).toBe(0);
    expect(randomIn(seed, () => 0.999999999)).toBeLessThanOrEqual(2 ** 50);
    const drawn = new Set(Array.from({ length: 50 }, () => randomIn(seed)));
    expect(drawn.size).toBe(50);
    expect([...drawn].every(Number.isSafeInteger)).toBe(true);
  });
});
