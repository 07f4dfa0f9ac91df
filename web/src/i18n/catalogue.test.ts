import { describe, expect, it } from "vitest";
import { readCatalogue } from "./catalogue";
import { languageFor } from "./index";

describe("a catalogue", () => {
  it("joins what several files say of one area, however deep", () => {
    const files = {
      "./en/commands.run.json": { run: { queue: "Run" }, "edit.undo": "Undo" },
      "./en/commands.more.json": { run: { stop: "Stop" } },
      "./en/app.json": { skip: "Skip" },
    };
    expect(readCatalogue(files)).toEqual({
      commands: { run: { queue: "Run", stop: "Stop" }, "edit.undo": "Undo" },
      app: { skip: "Skip" },
    });
  });
});

describe("the language", () => {
  it("is the one that was chosen", () => {
    expect(languageFor("zh-CN", ["en-GB"])).toBe("zh-CN");
  });

  it("is else the first of the browser's that there is", () => {
    expect(languageFor("system", ["fr", "zh-TW", "en"])).toBe("zh-CN");
    expect(languageFor("system", ["en-GB", "zh"])).toBe("en");
    expect(languageFor("system", ["fr", "de"])).toBe("en");
  });
});
