import { describe, expect, it } from "vitest";
import { arriving, reloadIfRenewed, type Served } from "./parts";

/** A server that is as `days` say, one after the other, each time somebody looks. */
function world(...days: Served[]) {
  const seen = { reloads: 0, pauses: 0 };
  return {
    seen,
    served: async () => days.shift() ?? "same",
    reload: () => {
      seen.reloads += 1;
    },
    pause: async () => {
      seen.pauses += 1;
    },
  };
}

/** A part that fails `times` times. */
function failing(times: number) {
  let left = times;
  return async () => {
    left -= 1;
    if (left >= 0) throw new TypeError("Failed to fetch");
    return "part";
  };
}

const settled = () => new Promise((done) => setTimeout(done));

describe("a part of the page", () => {
  it("is waited for while the server is gone", async () => {
    const around = world("nothing", "nothing", "nothing", "same");
    expect(await arriving(failing(3), around)).toBe("part");
    expect(around.seen).toEqual({ reloads: 0, pauses: 3 });
  });

  it("is asked for once more when the server turns out to be there", async () => {
    const around = world("same");
    expect(await arriving(failing(1), around)).toBe("part");
    expect(around.seen).toEqual({ reloads: 0, pauses: 0 });
  });

  it("that cannot be had from a server that is well fails, and nothing is loaded anew for ever", async () => {
    const around = world("same", "same");
    await expect(arriving(failing(9), around)).rejects.toThrow("Failed to fetch");
    expect(around.seen.reloads).toBe(0);
  });

  it("of a renewed server is had by loading the page anew", async () => {
    const around = world("nothing", "renewed");
    void arriving(failing(9), around);
    await settled();
    expect(around.seen).toEqual({ reloads: 1, pauses: 1 });
  });

  it("that the browser remembers as gone is had by loading the page anew", async () => {
    const around = world("nothing", "same", "same");
    void arriving(failing(9), around);
    await settled();
    expect(around.seen.reloads).toBe(1);
  });
});

describe("a failed import", () => {
  it.each([
    ["nothing", 0],
    ["same", 0],
    ["renewed", 1],
  ] as const)("while the server has %s loads the page anew %i times", async (day, times) => {
    const around = world(day);
    await reloadIfRenewed(around);
    expect(around.seen.reloads).toBe(times);
  });
});
