import { expect, test } from "vitest";
import { Draft } from "../change";
import { ROOT } from "../document";
import { DEFS, nodeIn, nodeOf, PART, slotOf, textToImage, wires, withSubgraph } from "../toys";
import * as edit from "./index";

test("a widget is set by its name, its control beside it", () => {
  const draft = new Draft(textToImage());
  edit.setWidget(draft, DEFS, ROOT, "5", "steps", 33);
  edit.setControl(draft, DEFS, ROOT, "5", "seed", "increment");
  expect(nodeIn(draft.document, "5").values).toEqual([7, "increment", 33, 8, "euler", "normal", 1]);
});

test("a host's widget is its own", () => {
  const draft = new Draft(withSubgraph());
  edit.setWidget(draft, DEFS, ROOT, "11", "steps", 5);
  expect(nodeIn(draft.document, "11").values).toEqual([7, 5]);
  expect(nodeIn(draft.document, "10").values).toEqual([42, 30]);
  expect(nodeIn(draft.document, "1", PART).values).toEqual([7, "fixed", 20, 8, "euler", "normal", 1]);
});

test("values nobody has names for are set by their place, or by the file's names", () => {
  const draft = new Draft(textToImage());
  draft.put(ROOT, "nodes", "9", nodeOf(9, "Strange", { values: [1] }));
  draft.put(ROOT, "nodes", "10", nodeOf(10, "Strange", { values: { rate: 8 } }));
  edit.setValueAt(draft, ROOT, "9", 2, "x");
  edit.setValueNamed(draft, ROOT, "10", "rate", 12);
  edit.setValueNamed(draft, ROOT, "9", "rate", 12);
  expect(nodeIn(draft.document, "9").values).toEqual([1, null, "x"]);
  expect(nodeIn(draft.document, "10").values).toEqual({ rate: 12 });
});

test("a widget becomes an input and a widget again", () => {
  const draft = new Draft(textToImage());
  edit.widgetToInput(draft, DEFS, ROOT, "5", "steps");
  expect(nodeIn(draft.document, "5").inputs).toEqual([slotOf("steps", "INT", { widget: { name: "steps" } })]);
  const primitive = edit.addPrimitive(draft, ROOT, [0, 0]);
  edit.link(draft, DEFS, ROOT, { node: primitive, slot: 0 }, { node: "5", input: "steps" });
  edit.inputToWidget(draft, DEFS, ROOT, "5", "steps");
  expect(nodeIn(draft.document, "5").inputs).toEqual([]);
  expect(wires(draft.document)).toEqual(wires(textToImage()));
});

test("a plain socket is no widget", () => {
  const draft = new Draft(textToImage());
  edit.inputToWidget(draft, DEFS, ROOT, "5", "model");
  expect(draft.changes).toEqual([]);
});

test("notes hold their text", () => {
  const draft = new Draft(textToImage());
  const key = edit.addNote(draft, ROOT, [0, 0], "first");
  edit.setNoteText(draft, ROOT, key, "# second");
  expect(nodeIn(draft.document, key)).toMatchObject({ type: "MarkdownNote", values: ["# second"] });
  const plain = edit.addNote(draft, ROOT, [0, 0], "", "plain");
  expect(nodeIn(draft.document, plain).type).toBe("Note");
});
