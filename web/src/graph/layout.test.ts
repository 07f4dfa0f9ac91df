import { expect, test } from "vitest";
import { Draft } from "./change";
import { type Document, ROOT } from "./document";
import { autoLayout } from "./edit/arrange";
import { boundsOf, contains, frameOf, membersOf, overlap } from "./geometry";
import { layout } from "./layout";
import { reach } from "./links";
import { documentOf, graphIn, graphOf, groupOf, large, linkOf, nodeIn, nodeOf, textToImage } from "./toys";

function laidOut(document: Document, ids?: string[]): Document {
  const draft = new Draft(document);
  autoLayout(draft, ROOT, ids);
  return draft.document;
}

function overlaps(document: Document): string[] {
  const { ids } = graphIn(document).nodes;
  return ids.flatMap((a, index) =>
    ids
      .slice(index + 1)
      .filter((b) => overlap(boundsOf(nodeIn(document, a)), boundsOf(nodeIn(document, b))))
      .map((b) => `${a} ${b}`),
  );
}

test("every link goes from left to right, and no node covers another", () => {
  const document = laidOut(textToImage());
  const { ids, by } = graphIn(document).links;
  for (const id of ids) {
    const link = by[id];
    const [from, to] = [nodeIn(document, link?.from ?? ""), nodeIn(document, link?.to ?? "")];
    expect(from.pos[0] + from.size[0], `link ${id}`).toBeLessThan(to.pos[0]);
  }
  expect(overlaps(document)).toEqual([]);
});

test("the corner stays, and places are whole pixels", () => {
  const places = [...layout(textToImage(), ROOT).values()];
  expect(Math.min(...places.map(([x]) => x))).toBe(400);
  expect(Math.min(...places.map(([, y]) => y))).toBe(0);
  expect(places.flat().every(Number.isInteger)).toBe(true);
});

test("only what is chosen moves, and nothing that is pinned", () => {
  const document = textToImage();
  expect([...layout(document, ROOT, ["5", "6"]).keys()]).toEqual(["5", "6"]);
  const draft = new Draft(document);
  draft.put(ROOT, "nodes", "6", { ...nodeIn(document, "6"), flags: { pinned: true } });
  expect([...layout(draft.document, ROOT, ["5", "6"]).keys()]).toEqual(["5"]);
  expect(layout(document, "no such graph").size).toBe(0);
});

test("groups keep their members, inner ones too, and hold nothing else", () => {
  const nodes = [1, 2, 3, 4, 5, 6].map((id) =>
    nodeOf(id, "VAEDecode", { pos: [id * 400, 100], size: [200, 60] }),
  );
  const links = [
    linkOf(1, "1:0", "3:samples", "A"),
    linkOf(2, "3:0", "4:samples", "A"),
    linkOf(3, "4:0", "5:samples", "A"),
    linkOf(4, "1:0", "5:vae", "A"),
    linkOf(5, "2:0", "6:vae", "A"),
  ];
  const groups = [groupOf("outer", [750, 0, 1700, 400]), groupOf("inner", [1150, 40, 700, 200])];
  const document = documentOf(graphOf(nodes, links, groups));
  const before = [membersOf(graphIn(document), "1"), membersOf(graphIn(document), "2")];
  expect(before.map((one) => one.nodes)).toEqual([
    ["2", "3", "4", "5"],
    ["3", "4"],
  ]);
  const after = laidOut(document);
  const graph = graphIn(after);
  expect([membersOf(graph, "1"), membersOf(graph, "2")]).toEqual(before);
  expect(overlaps(after)).toEqual([]);
  const [outer, inner] = [graph.groups.by["1"], graph.groups.by["2"]];
  if (outer === undefined || inner === undefined) throw new Error("no groups");
  expect(contains(frameOf(outer), frameOf(inner))).toBe(true);
  expect(contains(frameOf(inner), boundsOf(nodeIn(after, "3")))).toBe(true);
});

test("frames that cross each other, circles and loose nodes are laid out, too", () => {
  const nodes = [1, 2, 3, 4].map((id) => nodeOf(id, "VAEDecode", { pos: [id * 300, 100], size: [200, 60] }));
  const links = [linkOf(1, "1:0", "2:a", "A"), linkOf(2, "2:0", "1:a", "A")];
  const groups = [groupOf("a", [250, 0, 600, 300]), groupOf("b", [550, 0, 650, 300])];
  const after = laidOut(documentOf(graphOf(nodes, links, groups)));
  expect(overlaps(after)).toEqual([]);
});

test("1,000 nodes take less than a second and a half, with every link going right", () => {
  const document = large(1000);
  // Time of this process: on a busy machine the clock measures what else is going on.
  const times = [1, 2, 3].map(() => {
    const start = process.cpuUsage();
    layout(document, ROOT);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(1500);
  const places = layout(document, ROOT);
  const { ids, by } = graphIn(document).links;
  const backwards = ids.filter((id) => {
    const [from, to] = [places.get(by[id]?.from ?? ""), places.get(by[id]?.to ?? "")];
    return from === undefined || to === undefined || from[0] + 300 >= to[0];
  });
  expect(backwards).toEqual([]);
}, 60_000);

test("a large graph with a circle is laid out, too", () => {
  const { nodes, links, ...graph } = graphIn(large(320));
  const back = [...links.ids.flatMap((id) => links.by[id] ?? []), linkOf(9999, "7:0", "3:width", "INT")];
  expect(reach(graphIn(large(320)), "3", "down").has("7")).toBe(true);
  const document = documentOf({ ...graph, nodes, links: graphOf([], back).links });
  expect(layout(document, ROOT).size).toBe(nodes.ids.length);
});
