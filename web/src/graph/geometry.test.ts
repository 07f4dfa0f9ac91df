import { expect, test } from "vitest";
import {
  boundsOf,
  boundsOfAll,
  freePlace,
  groupAt,
  membersOf,
  overlap,
  sizeOf,
  union,
  fit as viewportFor,
} from "./geometry";
import { DEFS, graphOf, groupOf, nodeOf } from "./toys";

test("a node lies below its title", () => {
  const node = nodeOf(1, "KSampler", { pos: [100, 50], size: [315, 262] });
  expect(boundsOf(node)).toEqual({ x: 100, y: 20, width: 315, height: 292 });
  const collapsed = boundsOf({ ...node, flags: { collapsed: true } });
  expect(collapsed).toEqual({ x: 100, y: 20, width: 210, height: 30 });
  const narrow = boundsOf({ ...node, size: [60, 26], flags: { collapsed: true } });
  expect(narrow.width).toBe(140);
  expect(boundsOf({ ...node, type: "Reroute", size: [75, 26] })).toEqual({
    x: 100,
    y: 50,
    width: 75,
    height: 26,
  });
});

test.each([
  ["KSampler", 315, 262],
  ["VAEDecode", 210, 46],
  ["CLIPTextEncode", 400, 180],
  ["SaveImage", 315, 270],
])("%s is about as large as people know it", (type, width, height) => {
  const def = DEFS.get(type);
  if (def === undefined) throw new Error("no class");
  const [w, h] = sizeOf(def);
  expect(Math.abs(w - width)).toBeLessThanOrEqual(40);
  expect(Math.abs(h - height)).toBeLessThanOrEqual(40);
});

test("nodes that show something have room for it", () => {
  const [load, save] = [DEFS.get("CheckpointLoaderSimple"), DEFS.get("SaveImage")];
  if (load === undefined || save === undefined) throw new Error("no class");
  const listing = load.inputs.map((input) => ({ ...input, options: { image_folder: "output" } }));
  expect(sizeOf({ ...load, inputs: listing })[1]).toBeGreaterThan(sizeOf(load)[1] + 150);
  const of = (type: string) => sizeOf({ ...save, inputs: save.inputs.map((one) => ({ ...one, type })) });
  expect([of("MASK"), of("*")]).toEqual([of("IMAGE"), of("IMAGE")]);
  expect(of("LATENT")[1]).toBeLessThan(of("IMAGE")[1]);
});

const graph = graphOf(
  [
    nodeOf(1, "VAEDecode", { pos: [10, 60], size: [100, 40] }),
    nodeOf(2, "VAEDecode", { pos: [150, 60], size: [100, 40] }),
    nodeOf(3, "VAEDecode", { pos: [900, 60], size: [100, 40] }),
  ],
  [],
  [groupOf("all", [0, 0, 400, 300]), groupOf("one", [5, 5, 120, 120]), groupOf("twin", [5, 5, 120, 120])],
);

test("nodes belong to the groups their middle lies in, groups to those around them", () => {
  expect(membersOf(graph, "1")).toEqual({ nodes: ["1", "2"], groups: ["2", "3"] });
  expect(membersOf(graph, "2")).toEqual({ nodes: ["1"], groups: ["3"] });
  expect(membersOf(graph, "3")).toEqual({ nodes: ["1"], groups: [] });
  expect(membersOf(graph, "9")).toEqual({ nodes: [], groups: [] });
});

test("at a point the smallest group is hit, the topmost of equals", () => {
  expect(groupAt(graph, [50, 50])).toBe("3");
  expect(groupAt(graph, [300, 200])).toBe("1");
  expect(groupAt(graph, [500, 50])).toBeNull();
});

test("frames around things", () => {
  expect(boundsOfAll(graph, ["1", "2", "9"], ["2"])).toEqual({ x: 5, y: 5, width: 245, height: 120 });
  expect(union([])).toBeNull();
  const left = { x: 0, y: 0, width: 10, height: 10 };
  expect(overlap(left, { ...left, x: 9 })).toBe(true);
  expect(overlap(left, { ...left, x: 10 })).toBe(false);
});

test("the viewport shows a frame whole and in the middle", () => {
  const frame = { x: 100, y: 100, width: 2000, height: 500 };
  const view = viewportFor(frame, [1080, 800]);
  expect(view.zoom).toBe(0.5);
  expect([view.x + 100 * view.zoom, view.x + 2100 * view.zoom]).toEqual([40, 1040]);
  expect(view.y + 350 * view.zoom).toBe(400);
  expect(viewportFor({ ...frame, width: 10, height: 10 }, [1000, 800]).zoom).toBe(1);
});

test("what is added in one spot does not hide", () => {
  expect(freePlace(graph, [0, 0])).toEqual([0, 0]);
  expect(freePlace(graph, [10, 60])).toEqual([34, 84]);
});
