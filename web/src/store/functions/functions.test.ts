import { beforeEach, describe, expect, it, vi } from "vitest";
import { readDefs } from "@/graph/defs";
import type { CallRun } from "./calls";
import { newestReleases } from "./classes";
import { keepCalls, keptCalls } from "./past";
import { resultsOf } from "./results";

const RUN: CallRun = {
  id: "r1",
  inputs: { prompt: "a fox", steps: 4 },
  begun: 1_700_000_000_000,
  release: "1.0.0",
  state: "success",
  progress: [7, 7],
  preview: "blob:x",
  results: [{ name: "picture", files: [{ filename: "a.png", subfolder: "", type: "output" }], values: [] }],
  error: null,
};

describe("what a run gave", () => {
  it("is found by the names of the outputs, in the order of the function", () => {
    const prompt = {
      "5": { class_type: "KSampler", inputs: {} },
      "out 1": { class_type: "WorkflowOutput", inputs: { name: "seeds", value: ["5", 1] } },
      "out 2": { class_type: "WorkflowOutput", inputs: { name: "picture", value: ["5", 0] } },
      "out 3": { class_type: "WorkflowOutput", inputs: { name: "lost", value: ["5", 2] } },
    };
    const outputs = {
      "out 1": { values: [3, 4] },
      "out 2": { images: [{ filename: "a.png", subfolder: "x", type: "output" }] },
      "9": { images: [{ filename: "b.png", type: "temp" }] },
    };
    expect(resultsOf({ prompt, outputs }, ["picture", "seeds"])).toEqual([
      { name: "picture", files: [{ filename: "a.png", subfolder: "x", type: "output" }], values: [] },
      { name: "seeds", files: [], values: [3, 4] },
    ]);
  });
});

describe("the last runs of a form", () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    kept.clear();
    vi.stubGlobal("localStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => kept.set(key, text),
    });
  });

  it("come back without what was of the moment", () => {
    keepCalls("portrait", [RUN]);
    expect(keptCalls("portrait")).toEqual([{ ...RUN, progress: [0, 0], preview: null }]);
    expect(keptCalls("another")).toEqual([]);
  });

  it("are limited, the newest stay", () => {
    const many = Array.from({ length: 99 }, (_, index) => ({ ...RUN, id: `r${index}` }));
    keepCalls("portrait", many);
    expect(keptCalls("portrait").map((run) => run.id)).toEqual(many.slice(0, 30).map((run) => run.id));
  });

  it("that cannot be read are forgotten", () => {
    kept.set("darkroom:form:portrait", "{");
    expect(keptCalls("portrait")).toEqual([]);
    kept.set(
      "darkroom:form:portrait",
      JSON.stringify([5, { id: "a" }, { ...RUN, results: "x", state: "?" }]),
    );
    expect(keptCalls("portrait")).toMatchObject([{ id: "r1", results: [], state: "error" }]);
  });
});

describe("releases", () => {
  it("of a workflow: the newest counts", () => {
    const defs = readDefs({
      "workflow/a@1.9.0": {},
      "workflow/a@1.10.0": {},
      "workflow/b@2.0.0": {},
      KSampler: {},
    });
    expect([...newestReleases(defs)]).toEqual([
      ["a", "1.10.0"],
      ["b", "2.0.0"],
    ]);
  });
});
