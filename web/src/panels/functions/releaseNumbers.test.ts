import { describe, expect, it } from "vitest";
import { NUMBER, numbersFor } from "./releaseNumbers";

describe("the numbers of a release", () => {
  it("are offered from the smallest that is allowed", () => {
    const check = { smallest: "1.3.0", level: "minor" as const, reasons: [], previous: "1.2.4" };
    expect(numbersFor(check).map((one) => `${one.level} ${one.number}`)).toEqual([
      "minor 1.3.0",
      "major 2.0.0",
    ]);
    expect(numbersFor({ ...check, smallest: "1.0.0", previous: null })).toEqual([
      { level: "first", number: "1.0.0" },
    ]);
    expect(numbersFor({ ...check, smallest: "1.2.5" })).toHaveLength(3);
  });

  it("are three whole numbers", () => {
    expect(["1.0.0", "0.10.2"].every((text) => NUMBER.test(text))).toBe(true);
    expect(["1.0", "01.0.0", "v1.0.0", "1.0.0-rc"].some((text) => NUMBER.test(text))).toBe(false);
  });
});
