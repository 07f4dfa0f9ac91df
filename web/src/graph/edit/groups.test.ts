import { expect, test } from "vitest";
import { Draft } from "../change";
import { ROOT } from "../document";
import { boundsOf, boundsOfAll, contains, frameOf, membersOf } from "../geometry";
import { graphIn, groupOf, nodeIn, textToImage } from "../toys";
import * as edit from "./index";

function grouped() {
  const draft = new Draft(textToImage());
  const key = edit.groupNodes(draft, ROOT, ["2", "3"], "prompts") ?? "";
  return { draft, key };
}

test("a frame goes around nodes with room for its title", () => {
  const { draft, key } = grouped();
  const group = graphIn(draft.document).groups.by[key];
  if (group === undefined) throw new Error("no group");
  for (const node of ["2", "3"])
    expect(contains(frameOf(group), boundsOf(nodeIn(draft.document, node)))).toBe(true);
  expect(membersOf(graphIn(draft.document), key).nodes).toEqual(["2", "3"]);
  expect(edit.groupNodes(draft, ROOT, ["nobody"], "empty")).toBeNull();
});

test("moving it moves what is in it, smaller frames and points of links too", () => {
  const { draft, key } = grouped();
  const inner = edit.addGroup(draft, ROOT, "inner", { x: 810, y: 0, width: 50, height: 50 });
  const reroutes = [
    { id: 1, pos: [850, 20], linkIds: [4] },
    { id: 2, pos: [5000, 20], linkIds: [4] },
  ];
  draft.info(ROOT, { extra: { reroutes } });
  edit.moveGroup(draft, ROOT, key, [100, 10]);
  expect(nodeIn(draft.document, "2").pos).toEqual([900, 10]);
  expect(nodeIn(draft.document, "1").pos).toEqual([400, 0]);
  expect(graphIn(draft.document).groups.by[inner]?.bounding).toEqual([910, 10, 50, 50]);
  expect(graphIn(draft.document).info).toMatchObject({
    extra: { reroutes: [{ pos: [950, 30] }, { pos: [5000, 20] }] },
  });
});

test("a pinned frame stays with all it holds", () => {
  const { draft } = grouped();
  draft.put(ROOT, "groups", "9", {
    ...groupOf("pinned", [0, -100, 3000, 2000]),
    rest: { flags: { pinned: true } },
  });
  edit.moveGroup(draft, ROOT, "9", [100, 0]);
  expect(nodeIn(draft.document, "1").pos).toEqual([400, 0]);
});

test("it is fitted, resized, renamed, coloured and taken away", () => {
  const { draft, key } = grouped();
  edit.moveBy(draft, ROOT, ["3"], [50, 50]);
  edit.fitGroup(draft, ROOT, key);
  const inside = boundsOfAll(graphIn(draft.document), ["2", "3"]);
  const group = () => graphIn(draft.document).groups.by[key];
  expect(group()?.bounding.slice(2)).toEqual([(inside?.width ?? 0) + 20, (inside?.height ?? 0) + 54]);
  edit.resizeGroup(draft, ROOT, key, { x: 1, y: 2, width: 3, height: 4 });
  edit.renameGroup(draft, ROOT, key, "texts");
  edit.colourGroup(draft, ROOT, [key], "#a1309b");
  expect(group()).toMatchObject({ title: "texts", bounding: [1, 2, 3, 4], color: "#a1309b" });
  edit.fitGroup(draft, ROOT, key);
  expect(group()?.bounding).toEqual([1, 2, 3, 4]);
  edit.ungroup(draft, ROOT, [key]);
  expect(group()).toBeUndefined();
  expect(graphIn(draft.document).nodes.ids).toHaveLength(7);
});
