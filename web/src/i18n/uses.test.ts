import { describe, expect, it } from "vitest";
import { asked, entries } from "./check/catalogues";
import { parse, sources } from "./check/sources";
import { asks, uses } from "./check/uses";

const MESSAGES = [...new Set(entries("en").map((one) => `${one.area}:${asked(one.key)}`))].map((id) => {
  const [area = "", key = ""] = [id.slice(0, id.indexOf(":")), id.slice(id.indexOf(":") + 1)];
  return { id, area, key };
});
const AREAS = new Set(MESSAGES.map((message) => message.area));

describe("messages", () => {
  const all = sources().flatMap((file) => uses(file, AREAS));

  it("that are asked for exist", () => {
    const missing = all
      .filter((use) => use.isSure && use.parts.join("").length >= 3)
      .filter((use) => !MESSAGES.some(({ area, key }) => asks(use, area, key)));
    expect(
      missing.map((use) => `${use.where} ${use.area}:${use.parts.map((part) => part ?? "*").join("")}`),
    ).toEqual([]);
  });

  it("that exist are asked for", () => {
    const unused = MESSAGES.filter(({ area, key }) => !all.some((use) => asks(use, area, key)));
    expect(unused.map(({ id }) => id)).toEqual([]);
  });
});

describe("the search for messages", () => {
  const found = (text: string) =>
    uses(parse("Some.tsx", text), new Set(["app", "run", "steps", "commands"]))
      .filter((use) => use.isSure)
      .map((use) => `${use.area}:${use.parts.map((part) => part ?? "*").join("")}`);

  it.each([
    [
      "the area of a component",
      'function A() { const { t } = useTranslation("run"); return t("go"); }',
      "run:go",
    ],
    [
      "an area in the key",
      'function A() { const { t } = useTranslation("run"); return t("app:go"); }',
      "app:go",
    ],
    [
      "a component within another's file",
      'function A() { useTranslation("app"); } function B() { const { t } = useTranslation("run"); return () => t("go"); }',
      "run:go",
    ],
    [
      "what is computed",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a source
      'function A() { const { t } = useTranslation("run"); return t(`state.${x}`); }',
      "run:state.*",
    ],
    [
      "several translators",
      'function A() { const { t } = useTranslation("app"); const { t: say } = useTranslation("run"); return [t("a"), say("go")]; }',
      "run:go",
    ],
    ["the label of a step", 'perform("steps:move", edit)', "steps:move"],
    ["a key kept for later", 'const key = "run:go"', "run:go"],
    ["a command", 'const a = { id: "edit.undo", area: "edit", run: undo }', "commands:edit.undo"],
  ])("understands %s", (_, text, use) => {
    expect(found(text)).toContain(use);
  });

  it("does not take an address for a message", () => {
    expect(found('const a = "run://x"; const b = "http://y"')).toEqual([]);
  });
});
