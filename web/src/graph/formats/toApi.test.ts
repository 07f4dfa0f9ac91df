import { describe, expect, it } from "vitest";
import { fixture, fixtureDefs, fixtureNames, fixtureText } from "./fixtures";
import { read } from "./read";
import { toApi } from "./toApi";

const defs = fixtureDefs();
const substitution = { random: () => 0.5, now: new Date(2024, 1, 3, 4, 5, 6) };

describe("the prompt of a workflow", () => {
  it.each(fixtureNames())("is what was worked out by hand for %s", (name) => {
    const { document } = read(fixtureText(name), defs);
    expect(toApi(document, defs, { substitution }).prompt).toEqual(fixture(`${name}.api`));
  });
});
