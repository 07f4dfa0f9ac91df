import { describe, expect, it } from "vitest";
import en from "../../i18n/en/formats.json";
import zh from "../../i18n/zh-CN/formats.json";
import { FINDING_CODES, FORMAT_ERROR_CODES } from "./finding";

describe("messages", () => {
  it.each([
    ["English", en],
    ["简体中文", zh],
  ])("there is one for each finding and each error in %s", (_, texts) => {
    expect(Object.keys(texts.finding)).toEqual([...FINDING_CODES]);
    expect(Object.keys(texts.error)).toEqual([...FORMAT_ERROR_CODES]);
  });

  it("name the same things in every language", () => {
    const named = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g))].sort();
    for (const area of ["finding", "error"] as const) {
      const others = new Map(Object.entries(zh[area]));
      for (const [code, text] of Object.entries(en[area])) {
        expect([code, named(others.get(code) ?? "")]).toEqual([code, named(text)]);
      }
    }
  });
});
