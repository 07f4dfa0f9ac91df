import { expect, test } from "vitest";
import { Draft } from "@/graph/change";
import { diff } from "@/graph/diff";
import { ROOT } from "@/graph/document";
import * as edit from "@/graph/edit/index";
import { DEFS, textToImage } from "@/graph/toys";
import { marksOf, sorted, withConflicts } from "./marks";

function compared(change: (draft: Draft) => void) {
  const before = textToImage();
  const draft = new Draft(before);
  change(draft);
  return diff(before, draft.document, DEFS);
}

test("a removed node is a ghost in the newer graph and marked in the older", () => {
  const differences = compared((draft) => edit.removeNodes(draft, DEFS, ROOT, ["2"]));
  const after = marksOf(differences, ROOT);
  expect(after.ghosts).toEqual(["2"]);
  expect(after.nodes.get("5")).toMatchObject({ kind: "changed", changes: [{ kind: "rewired" }] });
  expect(after.rewired).toHaveLength(1);
  const before = marksOf(differences, ROOT, "before");
  expect(before.ghosts).toEqual([]);
  expect(before.nodes.get("2")?.kind).toBe("removed");
});

test("all that changed of a node is told at it", () => {
  const differences = compared((draft) => {
    edit.setWidget(draft, DEFS, ROOT, "5", "steps", 30);
    edit.setWidget(draft, DEFS, ROOT, "5", "cfg", 4);
  });
  const mark = marksOf(differences, ROOT).nodes.get("5");
  expect(mark?.changes.map((one) => "input" in one && one.input)).toEqual(["steps", "cfg"]);
  expect(marksOf(differences, "another graph").nodes.size).toBe(0);
});

test("what moved is not marked, and listed apart", () => {
  const differences = compared((draft) => edit.moveBy(draft, ROOT, ["5"], [10, 0]));
  expect(marksOf(differences, ROOT).nodes.size).toBe(0);
  expect(sorted(differences)).toMatchObject({ meaning: [], layout: [{ kind: "moved" }] });
});

test("a node in conflict is marked as that, and still tells what changed", () => {
  const differences = compared((draft) => edit.setWidget(draft, DEFS, ROOT, "5", "steps", 30));
  const marks = withConflicts(marksOf(differences, ROOT), ["5", "2"]);
  expect(marks.nodes.get("5")).toMatchObject({ kind: "conflict", changes: [{ input: "steps" }] });
  expect(marks.nodes.get("2")).toEqual({ kind: "conflict", changes: [] });
});
