import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Draft } from "@/graph/change";
import { diff } from "@/graph/diff";
import { ROOT } from "@/graph/document";
import * as edit from "@/graph/edit/index";
import { DEFS, textToImage, withSubgraph } from "@/graph/toys";
import { open, undo, useEditor } from "@/store/editor";
import { type Lane, lanesOf, type Placed } from "./lanes";
import { messageOf } from "./message";
import { nameFromFile, refTrouble, workflowNameTrouble } from "./names";
import { isBelow, raised } from "./numbers";
import { replaceDocument } from "./replace";
import { sidesOf } from "./sides";

const english: Parameters<typeof messageOf>[1] = (key, params = {}) =>
  `${key.replace("versions:message.", "")}(${Object.values(params).join(" ")})`;

function messageAfter(change: (draft: Draft) => void): string {
  const before = textToImage();
  const draft = new Draft(before);
  change(draft);
  return messageOf(diff(before, draft.document, DEFS), english);
}

describe("the message of a version nobody wrote one for", () => {
  it("names the values that changed", () => {
    expect(messageAfter((draft) => edit.setWidget(draft, DEFS, ROOT, "5", "steps", 30))).toBe(
      "value(KSampler steps 20 30)",
    );
  });

  it("counts what is beyond two", () => {
    const message = messageAfter((draft) => {
      for (const [name, value] of [
        ["steps", 30],
        ["cfg", 3],
        ["denoise", 0.5],
      ] as const) {
        edit.setWidget(draft, DEFS, ROOT, "5", name, value);
      }
    });
    expect(message).toMatch(/^value\(.*\), value\(.*\), more\(1\)$/);
  });

  it("leaves out seeds that moved on, unless nothing else is new", () => {
    const seed = (draft: Draft) => edit.setWidget(draft, DEFS, ROOT, "5", "seed", 9);
    expect(messageAfter(seed)).toMatch(/^value\(KSampler seed/);
    const both = messageAfter((draft) => {
      seed(draft);
      edit.setWidget(draft, DEFS, ROOT, "5", "steps", 30);
    });
    expect(both).toBe("value(KSampler steps 20 30)");
  });

  it("tells a removed node, not each link it had", () => {
    expect(messageAfter((draft) => edit.removeNodes(draft, DEFS, ROOT, ["2"]))).toMatch(
      /^nodeRemoved\([^)]*\)/,
    );
  });

  it("says layout if nothing else is new, and nothing for nothing", () => {
    expect(messageAfter((draft) => edit.moveBy(draft, ROOT, ["5"], [10, 0]))).toBe("layout()");
    expect(messageAfter(() => {})).toBe("");
  });
});

describe("two sides of a difference in short", () => {
  const sides = (from: string, to: string) =>
    sidesOf({ kind: "value", graph: ROOT, node: "1", title: "Prompt", input: "text", from, to }, 30);

  it("are whole while they are short", () => expect(sides("a fox", "a hare")).toEqual(["a fox", "a hare"]));

  it("show the place where long texts differ", () => {
    const before = "a very long prompt about a fox face on a teal background, soft light, 35 mm";
    const [from, to] = sides(before, before.replace("teal", "red"));
    expect(from).toBe("…face on a teal background,…");
    expect(to).toBe("…face on a red background,…");
  });

  it("are cut where they differ all along", () => {
    expect(sides("x".repeat(99), "y".repeat(99))).toEqual([`${"x".repeat(30)}…`, `${"y".repeat(30)}…`]);
  });

  it("show what was added at the end", () => {
    const before = "a fox face on a teal background";
    expect(sides(before, `${before}, at night`)).toEqual(["…background", "…background, at night"]);
  });
});

describe("restoring", () => {
  it("is one step, and undone as one", () => {
    const [now, then] = [withSubgraph(), textToImage()];
    open({ docId: "d", name: "n", document: now });
    replaceDocument("steps:restore", then);
    const shown = () => useEditor.getState().document;
    expect(diff(then, shown(), DEFS)).toEqual([]);
    expect(shown().graphs.ids).toEqual(then.graphs.ids);
    undo();
    expect(diff(now, shown(), DEFS)).toEqual([]);
  });
});

describe("names", () => {
  it("of workflows are what the server takes", () => {
    expect(["夜景", "hires two-pass", "a.b"].map(workflowNameTrouble)).toEqual(["", "", ""]);
    expect(["", "a/b", "a@1", "#1", ".a", "a ", "x".repeat(101)].map(workflowNameTrouble)).toEqual([
      "empty",
      "sign",
      "sign",
      "sign",
      "ends",
      "ends",
      "long",
    ]);
  });

  it("of branches and tags cannot be taken for a version", () => {
    expect(["main", "try-2", "v1-final", "a.b_c"].map(refTrouble)).toEqual(["", "", "", ""]);
    expect(["", "1.2.0", "2", "latest", "abcdef", "a b", "-a"].map(refTrouble)).toEqual([
      "empty",
      "version",
      "version",
      "version",
      "version",
      "sign",
      "sign",
    ]);
  });

  it("of files become names of workflows", () => {
    expect(nameFromFile("people/portrait")).toBe("portrait");
    expect(nameFromFile("what? @home")).toBe("what   home");
    fc.assert(
      fc.property(fc.string(), (path) => ["", "empty"].includes(workflowNameTrouble(nameFromFile(path)))),
    );
  });
});

describe("numbers of releases", () => {
  it("are raised by part and compared as numbers", () => {
    expect((["patch", "minor", "major"] as const).map((level) => raised("1.9.3", level))).toEqual([
      "1.9.4",
      "1.10.0",
      "2.0.0",
    ]);
    expect(isBelow("1.9.0", "1.10.0")).toBe(true);
    expect(isBelow("1.10.0", "1.10.0")).toBe(false);
  });
});

describe("the drawing of a history", () => {
  const columns = (versions: readonly Placed[]) => lanesOf(versions).map(({ column }) => column);

  it("is one line for one branch", () => {
    const line = [
      { id: "c", parents: ["b"] },
      { id: "b", parents: ["a"] },
      { id: "a", parents: [] },
    ];
    expect(columns(line)).toEqual([0, 0, 0]);
    expect(lanesOf(line).map(({ into, out }) => [into, out])).toEqual([
      [[], [0]],
      [[0], [0]],
      [[0], []],
    ]);
  });

  it("parts and meets again", () => {
    const merged = [
      { id: "m", parents: ["x", "y"] },
      { id: "y", parents: ["a"] },
      { id: "x", parents: ["a"] },
      { id: "a", parents: [] },
    ];
    expect(columns(merged)).toEqual([0, 1, 0, 0]);
    expect(lanesOf(merged)[0]?.out).toEqual([0, 1]);
  });

  it("leads every version to its parents, whatever the history", () => {
    const history = fc
      .array(fc.array(fc.nat(5), { maxLength: 2 }), { minLength: 1, maxLength: 40 })
      .map((given) =>
        given
          .map((back, index) => ({
            id: String(index),
            parents: [...new Set(back.map((steps) => index - 1 - steps).filter((at) => at >= 0))].map(String),
          }))
          .toReversed(),
      );
    fc.assert(
      fc.property(history, (versions) => {
        const lanes = lanesOf(versions);
        versions.forEach(({ parents }, row) => {
          for (const [index, parent] of parents.entries()) {
            const end = versions.findIndex(({ id }) => id === parent);
            expect(reaches(lanes, row, lanes[row]?.out[index] ?? -1, end)).toBe(true);
          }
        });
      }),
      { numRuns: 200 },
    );
  });
});

/** Whether the line that leaves a row in a column arrives at the version of another row. */
function reaches(lanes: readonly Lane[], row: number, column: number, end: number): boolean {
  let here = column;
  for (let at = row + 1; at < end; at += 1) {
    const line = lanes[at]?.lines.find(({ from }) => from === here);
    if (line === undefined) return false;
    here = line.to;
  }
  return lanes[end]?.into.includes(here) ?? false;
}
