// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { plansOf } from "./plan";

it("a plan says of each node what would become of it, why, and how long it takes", () => {
  const nodes = {
    "3": {
      class_type: "KSampler",
      fate: "run" as const,
      reason: { code: "input_changed", input: "seed", detail: "1 → 2" },
      usage: { seconds: 4.5 },
    },
    "12:4": { class_type: "VAELoader", fate: "hit" as const, tier: "disk" as const },
  };
  expect(plansOf(nodes)).toEqual({
    "3": {
      fate: "run",
      tier: null,
      reason: { code: "input_changed", input: "seed", detail: "1 → 2" },
      seconds: 4.5,
    },
    "12:4": { fate: "hit", tier: "disk", reason: null, seconds: null },
  });
});
