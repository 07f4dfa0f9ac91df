import { describe, expect, it } from "vitest";
import { asked, type Entry, entries, placeholders } from "./check/catalogues";

const ENGLISH = entries("en");
const CHINESE = entries("zh-CN");

/** What is called the same in both languages. */
const NAMES = new Set(["Darkroom", "ComfyUI", "API", "JSON", "CPU", "GPU", "VAE", "CLIP", "LoRA", "ID"]);

const byId = (list: readonly Entry[]) => new Map(list.map((one) => [`${one.file} ${asked(one.key)}`, one]));

describe("the catalogues", () => {
  it("have the same keys in both languages", () => {
    const [english, chinese] = [byId(ENGLISH), byId(CHINESE)];
    expect({
      missing: [...english.keys()].filter((id) => !chinese.has(id)),
      surplus: [...chinese.keys()].filter((id) => !english.has(id)),
    }).toEqual({ missing: [], surplus: [] });
  });

  it("have the forms for numbers their language has", () => {
    for (const [language, list] of [
      ["en", ENGLISH],
      ["zh-CN", CHINESE],
    ] as const) {
      const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      const keys = new Set(list.map((one) => `${one.area}:${one.key}`));
      const counted = new Set(
        list.filter((one) => one.key !== asked(one.key)).map((one) => `${one.area}:${asked(one.key)}`),
      );
      const missing = [...counted].flatMap((key) =>
        forms.map((form) => `${key}_${form}`).filter((key) => !keys.has(key)),
      );
      expect(missing, language).toEqual([]);
    }
  });

  it("have the same placeholders in both languages", () => {
    const chinese = byId(CHINESE);
    // One thing may be said without its number, as in "a node"; Chinese has no such form.
    const wrong = ENGLISH.filter((one) => !one.key.endsWith("_one")).filter((one) => {
      const other = chinese.get(`${one.file} ${asked(one.key)}`);
      return other !== undefined && placeholders(one.text).join() !== placeholders(other.text).join();
    });
    expect(wrong.map((one) => `${one.file} ${one.key}`)).toEqual([]);
  });

  it("leave nothing empty", () => {
    const empty = [...ENGLISH, ...CHINESE].filter((one) => one.text.trim() === "");
    expect(empty.map((one) => `${one.file} ${one.key}`)).toEqual([]);
  });

  it("are translated", () => {
    const english = byId(ENGLISH);
    const same = CHINESE.filter((one) => {
      const words = one.text.replace(/\{\{[^}]*\}\}/g, "");
      if (!/\p{L}{2}/u.test(words) || NAMES.has(words.trim())) return false;
      return english.get(`${one.file} ${asked(one.key)}`)?.text === one.text;
    });
    expect(same.map((one) => `${one.file} ${one.key}: ${one.text}`)).toEqual([]);
  });

  it("say everything once", () => {
    for (const list of [ENGLISH, CHINESE]) {
      const ids = list.map((one) => `${one.area}:${one.key}`);
      expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    }
  });
});
