import { describe, expect, it } from "vitest";
import { untranslated } from "./check/literals";
import { parse, sources } from "./check/sources";

describe("words a person reads", () => {
  it("all come from the catalogues", () => {
    expect(sources().flatMap(untranslated)).toEqual([]);
  });

  it.each([
    ["text", "<p>Hello there</p>"],
    ["an attribute", '<button title="Close">x</button>'],
    ["an attribute's expression", '<button aria-label={x ? "Open" : t("close")} />'],
    ["a child's expression", '<p>{x && "Hello"}</p>'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a source
    ["a template", "<p>{`Hello ${name}`}</p>"],
    ["an option", 'const data = [{ value: "a", label: "First" }];'],
    ["a message", 'notifications.show({ message: "Saved" });'],
  ])("are found in %s", (_, text) => {
    expect(untranslated(parse("Some.tsx", text))).toHaveLength(1);
  });

  it("may be signs, numbers, names and data", () => {
    const text = '<p>{t("a")} · ×2 {"→"} <b className="wide">Darkroom</b></p>; const a = { label: t("x") };';
    expect(untranslated(parse("Some.tsx", text))).toEqual([]);
    expect(untranslated(parse("some.ts", 'const problem = { message: "no such node" };'))).toEqual([]);
  });
});
