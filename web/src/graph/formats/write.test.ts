import { describe, expect, it } from "vitest";
import { fixture, fixtureDefs, fixtureNames } from "./fixtures";
import { read } from "./read";
import { write } from "./write";

describe("opening and saving", () => {
  it.each(fixtureNames().filter((name) => name !== "group_node"))("gives %s back as it was", (name) => {
    const file = fixture(name);
    const written = write(read(file, fixtureDefs()).document);
    expect(written).toEqual(file);
    expect(JSON.stringify(written)).toBe(JSON.stringify(file));
  });
});
