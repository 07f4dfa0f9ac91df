import { expect, test } from "vitest";
import { Draft } from "./change";
import { diff, isMeaningful } from "./diff";
import { type Document, Mode, ROOT } from "./document";
import * as edit from "./edit/index";
import { tableOf } from "./table";
import { DEFS, nodeIn, PART, textToImage, withSubgraph } from "./toys";

function differences(change: (draft: Draft) => void, before: Document = textToImage()) {
  const draft = new Draft(before);
  change(draft);
  return diff(before, draft.document, DEFS);
}

test("equal documents do not differ", () => expect(differences(() => {})).toEqual([]));

test("a value is told by its name, from and to", () => {
  expect(differences((draft) => edit.setWidget(draft, DEFS, ROOT, "5", "steps", 30))).toEqual([
    { kind: "value", graph: ROOT, node: "5", title: "KSampler", input: "steps", from: 20, to: 30 },
  ]);
  const control = differences((draft) => edit.setControl(draft, DEFS, ROOT, "5", "seed", "randomize"));
  expect(control).toMatchObject([{ kind: "control", input: "seed", from: "fixed", to: "randomize" }]);
  expect(control.some(isMeaningful)).toBe(false);
});

test("a value of an unknown class is told by its place", () => {
  const before = textToImage();
  const draft = new Draft(before);
  draft.put(ROOT, "nodes", "2", { ...nodeIn(before, "2"), values: ["a hare"] });
  expect(diff(before, draft.document, new Map())).toMatchObject([
    { kind: "value", input: "0", to: "a hare" },
  ]);
});

test("an input that is fed by another output is rewired", () => {
  const swapped = differences((draft) => {
    edit.link(draft, DEFS, ROOT, { node: "3", slot: 0 }, { node: "5", input: "positive" });
  });
  expect(swapped.filter(isMeaningful)).toEqual([
    {
      kind: "rewired",
      graph: ROOT,
      node: "5",
      title: "KSampler",
      input: "positive",
      from: { node: "2", slot: 0, title: "CLIP Text Encode (Prompt)" },
      to: { node: "3", slot: 0, title: "CLIP Text Encode (Prompt)" },
    },
  ]);
});

test("a link made anew between the same ends is no difference", () => {
  const again = differences((draft) => {
    edit.unlink(draft, DEFS, ROOT, [7]);
    edit.link(draft, DEFS, ROOT, { node: "5", slot: 0 }, { node: "6", input: "samples" });
  });
  expect(again.filter(isMeaningful)).toEqual([]);
});

test("a node that went, and what it fed", () => {
  const gone = differences((draft) => edit.removeNodes(draft, DEFS, ROOT, ["2"]));
  expect(gone).toMatchObject([
    { kind: "nodeRemoved", node: "2", type: "CLIPTextEncode" },
    { kind: "rewired", node: "5", input: "positive", to: null },
  ]);
});

test("moving, titles and groups are no change of meaning", () => {
  const looks = differences((draft) => {
    edit.moveBy(draft, ROOT, ["5"], [10, 0]);
    edit.rename(draft, ROOT, "6", "decoder");
    edit.groupNodes(draft, ROOT, ["1"], "models");
  });
  expect(looks.map(({ kind }) => kind)).toEqual(["moved", "retitled", "groupAdded"]);
  expect(looks.some(isMeaningful)).toBe(false);
});

test("muting is one", () => {
  expect(differences((draft) => edit.setMode(draft, ROOT, ["5"], Mode.MUTE))).toMatchObject([
    { kind: "mode", from: 0, to: 2 },
  ]);
});

test("subgraphs are compared by themselves", () => {
  const inside = differences((draft) => {
    edit.renamePort(draft, DEFS, PART, "inputs", 0, "network");
    edit.setWidget(draft, DEFS, PART, "1", "cfg", 4);
  }, withSubgraph());
  expect(inside.filter((one) => one.graph === PART).map(({ kind }) => kind)).toEqual(["value", "interface"]);
  const made = differences((draft) => void edit.makeSubgraph(draft, DEFS, ROOT, ["5", "6"], "Part"));
  expect(made.filter((one) => one.kind === "graphAdded")).toMatchObject([{ title: "Part" }]);
});

test("nodes with other ids are still the same nodes", () => {
  const before = textToImage();
  const graph = before.graphs.by[ROOT];
  if (graph === undefined) throw new Error("there is no graph");
  const renamed = (key: string) => String(Number(key) + 100);
  const nodes = tableOf(
    graph.nodes.ids.flatMap((key) => {
      const node = graph.nodes.by[key];
      return node === undefined ? [] : [[renamed(key), { ...node, id: Number(renamed(key)) }] as const];
    }),
  );
  const links = tableOf(
    graph.links.ids.flatMap((key) => {
      const link = graph.links.by[key];
      if (link === undefined) return [];
      return [[key, { ...link, from: renamed(link.from), to: renamed(link.to) }] as const];
    }),
  );
  const after: Document = { graphs: tableOf([[ROOT, { ...graph, nodes, links }]]) };
  expect(diff(before, after, DEFS)).toEqual([]);
  const draft = new Draft(after);
  edit.setWidget(draft, DEFS, ROOT, "105", "steps", 30);
  expect(diff(before, draft.document, DEFS)).toMatchObject([
    { kind: "value", node: "105", nodeBefore: "5", input: "steps", from: 20, to: 30 },
  ]);
});

test("a node that is replaced by one of another class under its id went and came", () => {
  const before = textToImage();
  const draft = new Draft(before);
  draft.put(ROOT, "nodes", "2", { ...nodeIn(before, "2"), type: "Note" });
  expect(diff(before, draft.document, DEFS).map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["nodeRemoved", "nodeAdded"]),
  );
});

test("what others call it by is part of the meaning", () => {
  const declared = differences((draft) => {
    const info = draft.graph(ROOT).info;
    draft.info(ROOT, { ...info, extra: { darkroom: { function: { inputs: [], outputs: [] } } } });
  });
  expect(declared).toEqual([{ kind: "function", graph: ROOT, title: "" }]);
  expect(declared.some(isMeaningful)).toBe(true);
});
