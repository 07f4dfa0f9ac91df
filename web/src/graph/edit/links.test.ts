import { describe, expect, test } from "vitest";
import { apply, Draft, inverse } from "../change";
import { ROOT } from "../document";
import { DEFS, graphIn, nodeIn, nodeOf, slotOf, textToImage, wires } from "../toys";
import * as edit from "./index";

const names = (draft: Draft, key: string) => nodeIn(draft.document, key).inputs?.map((slot) => slot.name);

describe("linking", () => {
  test("replaces the link the input had", () => {
    const draft = new Draft(textToImage());
    const id = edit.link(draft, DEFS, ROOT, { node: "3", slot: 0 }, { node: "5", input: "positive" });
    expect(id).toBe(10);
    expect(wires(draft.document)).toContain("3:0 > 5:positive");
    expect(wires(draft.document)).not.toContain("2:0 > 5:positive");
    expect(apply(draft.document, inverse(draft.changes))).toEqual(textToImage());
  });

  test("again what is linked changes nothing", () => {
    const draft = new Draft(textToImage());
    expect(edit.link(draft, DEFS, ROOT, { node: "2", slot: 0 }, { node: "5", input: "positive" })).toBe(4);
    expect(draft.changes).toEqual([]);
  });

  test("gives the file the records it lacks, in order", () => {
    const draft = new Draft(textToImage());
    draft.put(ROOT, "nodes", "5", {
      ...nodeIn(draft.document, "5"),
      inputs: [slotOf("model", "MODEL"), slotOf("seed", "INT", { widget: { name: "seed" } })],
    });
    draft.put(ROOT, "nodes", "9", nodeOf(9, "ImageOrMask"));
    edit.link(draft, DEFS, ROOT, { node: "9", slot: 0 }, { node: "5", input: "cfg" });
    edit.link(draft, DEFS, ROOT, { node: "9", slot: 0 }, { node: "5", input: "negative" });
    expect(names(draft, "5")).toEqual(["model", "negative", "seed", "cfg"]);
    expect(nodeIn(draft.document, "9").outputs).toEqual([slotOf("*", "*")]);
    expect(graphIn(draft.document).links.by["10"]).toMatchObject({ toInput: "cfg", type: "FLOAT" });
  });

  test("needs both ends", () => {
    const draft = new Draft(textToImage());
    expect(edit.link(draft, DEFS, ROOT, { node: "2", slot: 4 }, { node: "5", input: "positive" })).toBeNull();
    expect(edit.link(draft, DEFS, ROOT, { node: "2", slot: 0 }, { node: "5", input: "no" })).toBeNull();
    expect(
      edit.link(draft, DEFS, ROOT, { node: "99", slot: 0 }, { node: "5", input: "positive" }),
    ).toBeNull();
    expect(draft.changes).toEqual([]);
  });
});

test("links are cut one by one, at an input, or at an output", () => {
  const draft = new Draft(textToImage());
  edit.unlink(draft, DEFS, ROOT, [9, "77"]);
  edit.unlinkInput(draft, DEFS, ROOT, { node: "5", input: "model" });
  edit.unlinkOutput(draft, DEFS, ROOT, { node: "1", slot: 1 });
  expect(wires(draft.document)).toEqual([
    ...["2:0 > 5:positive", "3:0 > 5:negative", "4:0 > 5:latent_image", "5:0 > 6:samples", "1:2 > 6:vae"],
  ]);
});

test("a Reroute goes into a link", () => {
  const draft = new Draft(textToImage());
  const key = edit.insertReroute(draft, DEFS, ROOT, 1, [50, 60]) ?? "";
  expect(nodeIn(draft.document, key)).toMatchObject({ type: "Reroute", pos: [50, 60] });
  expect(wires(draft.document).filter((wire) => wire.includes(key))).toEqual([
    `1:0 > ${key}:`,
    `${key}:0 > 5:model`,
  ]);
  expect(edit.insertReroute(draft, DEFS, ROOT, 999, [0, 0])).toBeNull();
});

describe("a node dropped on a link", () => {
  test("goes between if its types fit", () => {
    const draft = new Draft(textToImage());
    draft.put(ROOT, "nodes", "8", nodeOf(8, "LoraLoader"));
    expect(edit.fitInto(draft, DEFS, ROOT, "8", 1)).toEqual({ input: "model", output: 0 });
    expect(edit.insertInto(draft, DEFS, ROOT, "8", 2)).toBe(true);
    expect(wires(draft.document)).toContain("1:1 > 8:clip");
    expect(wires(draft.document)).toContain("8:1 > 2:clip");
  });

  test("stays outside if they do not, or if it is one of the ends", () => {
    const draft = new Draft(textToImage());
    draft.put(ROOT, "nodes", "8", nodeOf(8, "VAEEncode"));
    expect(edit.insertInto(draft, DEFS, ROOT, "8", 1)).toBe(false);
    expect(edit.insertInto(draft, DEFS, ROOT, "5", 1)).toBe(false);
    expect(draft.changes).toHaveLength(1);
  });
});

test("what an output feeds moves to another output, as far as that fits", () => {
  const draft = new Draft(textToImage());
  draft.put(ROOT, "nodes", "8", nodeOf(8, "LoraLoader"));
  expect(edit.moveLinks(draft, DEFS, ROOT, { node: "1", slot: 1 }, { node: "8", slot: 1 })).toBe(2);
  expect(wires(draft.document)).toContain("8:1 > 3:clip");
  expect(edit.moveLinks(draft, DEFS, ROOT, { node: "1", slot: 0 }, { node: "8", slot: 1 })).toBe(0);
});

describe("a primitive", () => {
  test("becomes what it is linked to first, with its value", () => {
    const draft = new Draft(textToImage());
    const key = edit.addPrimitive(draft, ROOT, [0, 0]);
    edit.link(draft, DEFS, ROOT, { node: key, slot: 0 }, { node: "5", input: "steps" });
    expect(nodeIn(draft.document, key)).toMatchObject({
      values: [20, "fixed"],
      outputs: [{ name: "INT", type: "INT", rest: { widget: { name: "steps" } } }],
    });
    edit.setValueAt(draft, ROOT, key, 0, 44);
    edit.link(draft, DEFS, ROOT, { node: key, slot: 0 }, { node: "4", input: "width" });
    expect(nodeIn(draft.document, key).values).toEqual([44, "fixed"]);
  });

  test("that feeds nothing any more can become something else", () => {
    const draft = new Draft(textToImage());
    const key = edit.addPrimitive(draft, ROOT, [0, 0]);
    edit.link(draft, DEFS, ROOT, { node: key, slot: 0 }, { node: "5", input: "steps" });
    edit.unlinkOutput(draft, DEFS, ROOT, { node: key, slot: 0 });
    edit.link(draft, DEFS, ROOT, { node: key, slot: 0 }, { node: "5", input: "sampler_name" });
    expect(nodeIn(draft.document, key).values).toEqual(["euler", "fixed", ""]);
  });
});
