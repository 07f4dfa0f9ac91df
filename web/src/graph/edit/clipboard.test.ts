import { describe, expect, test } from "vitest";
import { Draft } from "../change";
import { type Document, ROOT } from "../document";
import { DEFS, documentOf, graphIn, graphOf, nodeIn, PART, textToImage, wires, withSubgraph } from "../toys";
import * as edit from "./index";

const EMPTY = () => documentOf(graphOf([]));

/** The toy with the records its links need, as files have them. */
function start(): Document {
  const draft = new Draft(textToImage());
  for (const key of graphIn(draft.document).nodes.ids) edit.recreate(draft, DEFS, ROOT, key);
  return draft.document;
}

function pasted(draft: Draft, text: string, options: edit.PasteOptions = {}, graph = ROOT) {
  const result = edit.paste(draft, DEFS, graph, text, options);
  if (!result.ok) throw new Error(result.code);
  return result;
}

describe("nodes that are pasted", () => {
  test("get new ids, keep their values and the links among them", () => {
    const draft = new Draft(start());
    const text = edit.copy(draft.document, ROOT, ["2", "5"]);
    const { nodes } = pasted(draft, text);
    expect(nodes).toEqual(["8", "9"]);
    expect(nodeIn(draft.document, "9")).toMatchObject({ type: "KSampler", pos: [1224, 24] });
    expect(nodeIn(draft.document, "9").values).toEqual(nodeIn(draft.document, "5").values);
    expect(wires(draft.document).slice(9)).toEqual(["8:0 > 9:positive"]);
  });

  test("can be linked to what fed the originals", () => {
    const draft = new Draft(start());
    pasted(draft, edit.copy(draft.document, ROOT, ["2", "5"]), { connect: true });
    expect(wires(draft.document).slice(9).sort()).toEqual([
      ...["1:0 > 9:model", "1:1 > 8:clip", "3:0 > 9:negative", "4:0 > 9:latent_image", "8:0 > 9:positive"],
    ]);
  });

  test("are not linked to a stranger of the same id", () => {
    const draft = new Draft(EMPTY());
    const loader = DEFS.get("VAEEncode");
    if (loader === undefined) throw new Error("no class");
    edit.addNode(draft, ROOT, loader, [0, 0]);
    pasted(draft, edit.copy(start(), ROOT, ["5"]), { connect: true });
    expect(wires(draft.document)).toEqual([]);
  });

  test("go where they are wanted, groups along", () => {
    const draft = new Draft(start());
    const group = edit.groupNodes(draft, ROOT, ["2"], "prompt") ?? "";
    const result = pasted(draft, edit.copy(draft.document, ROOT, ["2"], [group]), { at: [5000, 5000] });
    const [x = 0, y = 0, width = 0, height = 0] =
      graphIn(draft.document).groups.by[result.groups[0] ?? ""]?.bounding ?? [];
    expect([x + width / 2, y + height / 2]).toEqual([5000, 5000]);
  });

  test("are no longer pinned", () => {
    const draft = new Draft(start());
    edit.setPinned(draft, ROOT, ["2"], true);
    const [key = ""] = pasted(draft, edit.copy(draft.document, ROOT, ["2"])).nodes;
    expect(nodeIn(draft.document, key).flags).toEqual({});
  });
});

test("the text is a workflow, and any workflow can be pasted", () => {
  const text = edit.copy(start(), ROOT, ["1", "2"]);
  expect(edit.isClip(text)).toBe(true);
  expect(JSON.parse(text)).toMatchObject({ version: 0.4, nodes: [{ id: 1 }, { id: 2 }] });
  const file = JSON.stringify({ nodes: [{ id: 1, type: "VAEDecode", pos: [0, 0] }], links: [] });
  expect(edit.isClip(file)).toBe(false);
  const draft = new Draft(EMPTY());
  expect(pasted(draft, file).nodes).toEqual(["1"]);
});

test.each(["", "not json", "[]", "{}", '{"nodes": 5}', "null"])("%j is refused", (text) => {
  const draft = new Draft(EMPTY());
  expect(edit.isClip(text)).toBe(false);
  expect(edit.paste(draft, DEFS, ROOT, text)).toEqual({ ok: false, code: "notAClip" });
  expect(draft.changes).toEqual([]);
});

test("duplicates lie beside their originals", () => {
  const draft = new Draft(start());
  const result = edit.duplicate(draft, DEFS, ROOT, ["5"]);
  expect(result).toMatchObject({ ok: true, nodes: ["8"] });
  expect(wires(draft.document)).toHaveLength(9);
});

describe("definitions", () => {
  const definitions = (draft: Draft) => draft.document.graphs.ids.filter((id) => id !== ROOT);

  test("are shared within a workflow", () => {
    const draft = new Draft(withSubgraph());
    const [key = ""] = pasted(draft, edit.copy(draft.document, ROOT, ["10"])).nodes;
    expect(definitions(draft)).toEqual([PART]);
    expect(nodeIn(draft.document, key)).toMatchObject({ type: PART, values: [42, 30] });
  });

  test("come along into another one", () => {
    const draft = new Draft(EMPTY());
    pasted(draft, edit.copy(withSubgraph(), ROOT, ["10", "11"]));
    expect(definitions(draft)).toEqual([PART]);
    expect(wires(draft.document)).toEqual(["1:0 > 2:latent"]);
    expect(wires(draft.document, PART)).toEqual(wires(withSubgraph(), PART));
  });

  test("get another id where ours of that id is a different one", () => {
    const draft = new Draft(withSubgraph());
    const text = edit.copy(draft.document, ROOT, ["10"]);
    edit.setWidget(draft, DEFS, PART, "1", "cfg", 1);
    const [key = ""] = pasted(draft, text).nodes;
    const { type } = nodeIn(draft.document, key);
    expect(definitions(draft)).toEqual([PART, type]);
    expect(nodeIn(draft.document, "1", type).values).toMatchObject({ 3: 8 });
    expect(nodeIn(draft.document, "1", PART).values).toMatchObject({ 3: 1 });
  });

  test("are not pasted into themselves", () => {
    const draft = new Draft(withSubgraph());
    const text = edit.copy(draft.document, ROOT, ["10"]);
    expect(edit.paste(draft, DEFS, PART, text)).toEqual({ ok: false, code: "containsItself" });
    expect(draft.changes).toEqual([]);
  });
});
