import { describe, expect, it } from "vitest";
import { hasMark, latin1 } from "./bytes";

describe("Latin-1", () => {
  it("keeps every byte, in browsers too, where the decoder of that name does not", () => {
    const all = Uint8Array.from({ length: 20_000 }, (_, index) => index % 256);
    const text = latin1(all);
    expect([...text].map((sign) => sign.charCodeAt(0))).toEqual([...all]);
  });

  it("finds the mark of a PNG, which begins outside of ASCII", () => {
    expect(hasMark(Uint8Array.of(0x89, 0x50, 0x4e, 0x47), "\x89PNG")).toBe(true);
  });
});
