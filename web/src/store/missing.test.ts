import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Document, ROOT } from "@/graph/document";
import { DEFS, documentOf, graphOf, nodeOf, textToImage } from "@/graph/toys";
import { useDefs } from "./defs";
import { open, perform } from "./editor";
import { countOf, useMissing, watchMissing } from "./missing";
import { showPanel, useShell } from "./shell";

const STRANGE: Document = documentOf(graphOf([nodeOf(1, "FilmGrain")]));
const types = () => useMissing.getState().classes.map((one) => one.type);

let width = 1280;
vi.stubGlobal("window", {
  get innerWidth() {
    return width;
  },
});

beforeEach(() => {
  vi.useFakeTimers();
  width = 1280;
  showPanel(null);
  useDefs.setState({ defs: DEFS, status: "ready" });
  open({ docId: "first", name: null, document: textToImage() });
  watchMissing();
  vi.runAllTimers();
});
afterEach(() => vi.useRealTimers());

describe("what is missing", () => {
  it("is shown for a workflow that is opened", () => {
    expect(countOf(useMissing.getState())).toBe(0);
    open({ docId: "strange", name: null, document: STRANGE });
    expect(types()).toEqual(["FilmGrain"]);
    expect(useShell.getState().panel).toBe("missing");
  });

  it("does not cover the canvas of a phone", () => {
    width = 360;
    open({ docId: "strange", name: null, document: STRANGE });
    expect(types()).toEqual(["FilmGrain"]);
    expect(useShell.getState().panel).toBeNull();
  });

  it("is not shown again while one works on it, but kept up to date", () => {
    open({ docId: "strange", name: null, document: STRANGE });
    showPanel(null);
    perform("steps:any", (draft) => draft.put(ROOT, "nodes", "2", nodeOf(2, "Halftone")));
    vi.runAllTimers();
    expect(types()).toEqual(["FilmGrain", "Halftone"]);
    expect(useShell.getState().panel).toBeNull();
  });

  it("goes when the server has it", () => {
    open({ docId: "strange", name: null, document: STRANGE });
    const sampler = DEFS.get("KSampler");
    if (sampler === undefined) throw new Error("the toys lost their sampler");
    useDefs.setState({ defs: new Map([...DEFS, ["FilmGrain", sampler]]) });
    vi.runAllTimers();
    expect(types()).toEqual([]);
  });

  it("is not told of while the server's classes are unknown", () => {
    useMissing.setState({ classes: [], choices: [] });
    useDefs.setState({ defs: new Map(), status: "loading" });
    open({ docId: "strange", name: null, document: STRANGE });
    vi.runAllTimers();
    expect(types()).toEqual([]);
  });
});
