import { describe, expect, test } from "vitest";
import { apply, Draft, inverse } from "./change";
import { ROOT } from "./document";
import { opened, put, records, set, tableOf } from "./table";
import { graphIn, graphOf, nodeIn, nodeOf, textToImage } from "./toys";

describe("a table", () => {
  const table = tableOf([
    ["b", 1],
    ["a", 2],
    ["10", 3],
  ]);

  test("keeps its own order, whatever the ids look like", () => {
    expect(table.ids).toEqual(["b", "a", "10"]);
    expect(records(table)).toEqual([1, 2, 3]);
  });

  test("takes records in place, at a place, and out", () => {
    expect(put(table, "a", 9, 0)).toEqual({ ids: ["b", "a", "10"], by: { b: 1, a: 9, "10": 3 } });
    expect(put(table, "c", 4, 1).ids).toEqual(["b", "c", "a", "10"]);
    expect(put(table, "b", null, 0)).toEqual({ ids: ["a", "10"], by: { a: 2, "10": 3 } });
    expect(put(table, "gone", null, 0)).toEqual(table);
    expect(table.ids).toHaveLength(3);
  });

  test("is copied before it is changed in place", () => {
    const copy = opened(table);
    set(copy, "b", null, 0);
    set(copy, "d", 5, 0);
    expect([copy.ids, table.ids]).toEqual([
      ["d", "a", "10"],
      ["b", "a", "10"],
    ]);
  });
});

describe("a draft", () => {
  test("shows its changes, and leaves what it started from", () => {
    const before = textToImage();
    const draft = new Draft(before);
    draft.put(ROOT, "nodes", "5", { ...nodeIn(before, "5"), title: "mine" });
    expect(draft.record(ROOT, "nodes", "5")?.title).toBe("mine");
    expect(nodeIn(before, "5").title).toBeNull();
    expect(before).toEqual(textToImage());
  });

  test("does not change a document it has shown", () => {
    const draft = new Draft(textToImage());
    draft.put(ROOT, "nodes", "9", nodeOf(9, "A"));
    const shown = draft.document;
    draft.put(ROOT, "nodes", "9", null);
    draft.put(ROOT, "links", "1", null);
    expect(graphIn(shown).nodes.ids).toContain("9");
    expect(graphIn(shown).links.ids).toContain("1");
    expect(graphIn(draft.document).nodes.ids).not.toContain("9");
  });

  test("keeps what nobody touched", () => {
    const before = textToImage();
    const draft = new Draft(before);
    expect(draft.document).toBe(before);
    draft.put(ROOT, "nodes", "5", { ...nodeIn(before, "5"), mode: 4 });
    expect(graphIn(draft.document).links).toBe(graphIn(before).links);
    expect(nodeIn(draft.document, "4")).toBe(nodeIn(before, "4"));
  });

  test("takes an equal record for no change, whatever the order of its keys", () => {
    const draft = new Draft(textToImage());
    const { id, type, ...rest } = nodeIn(draft.document, "5");
    draft.put(ROOT, "nodes", "5", { ...rest, type, id });
    draft.put(ROOT, "nodes", "99", null);
    draft.info(ROOT, { last_link_id: 9, last_node_id: 7 });
    expect(draft.changes).toEqual([]);
  });

  test("is applied, taken back, and applied again", () => {
    const before = textToImage();
    const draft = new Draft(before);
    draft.putGraph("part", graphOf([nodeOf(1, "A")]));
    draft.put("part", "nodes", "2", nodeOf(2, "B"), 0);
    draft.put(ROOT, "nodes", "3", null);
    draft.put(ROOT, "nodes", "3", nodeOf(3, "C"), 0);
    draft.info("part", { name: "Part" });
    draft.put("part", "nodes", "1", null);
    const { changes } = draft.step("test");
    expect(graphIn(draft.document, "part")).toMatchObject({ info: { name: "Part" }, nodes: { ids: ["2"] } });
    expect(graphIn(draft.document).nodes.ids.join("")).toBe("3124567");
    expect(apply(before, changes)).toEqual(draft.document);
    expect(apply(draft.document, inverse(changes))).toEqual(before);
    expect(apply(before, [])).toBe(before);
  });

  test("does not write to a graph that is not there", () => {
    const draft = new Draft(textToImage());
    expect(() => draft.put("nowhere", "nodes", "1", nodeOf(1, "A"))).toThrow("there is no graph nowhere");
    expect(() => apply(textToImage(), [{ kind: "info", graph: "nowhere", before: {}, after: {} }])).toThrow(
      "nowhere",
    );
  });
});
