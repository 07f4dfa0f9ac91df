import { expect, test } from "vitest";
import { groupKey, linkIds, nodeIds, rememberingNodeId, uuid } from "./ids";
import { graphOf, groupOf, linkOf, nodeOf } from "./toys";

test("new ids are above all that are there, and all that the file remembers", () => {
  expect(nodeIds(graphOf([nodeOf(3, "A")]))()).toBe(4);
  expect(nodeIds(graphOf([nodeOf(3, "A")], [], [], { last_node_id: 9 }))()).toBe(10);
  const next = nodeIds(graphOf([{ ...nodeOf(3, "A"), id: "sampler" }], [], [], { state: { lastNodeId: 5 } }));
  expect([next(), next()]).toEqual([6, 7]);
});

test("links share their ids with loose wires", () => {
  const graph = graphOf([], [linkOf(4, "1:0", "2:a", "A")], [], {
    floatingLinks: [{ id: 8 }],
    last_link_id: 2,
  });
  expect(linkIds(graph)()).toBe(9);
});

test("groups are counted", () => {
  expect(groupKey(graphOf([], [], [groupOf("a", [0, 0, 1, 1]), groupOf("b", [0, 0, 1, 1])]))).toBe("3");
  expect(groupKey(graphOf([]))).toBe("1");
});

test("the id of a node that goes is remembered where the file keeps it", () => {
  expect(rememberingNodeId(graphOf([], [], [], { last_node_id: 4 }), 7)).toEqual({ last_node_id: 7 });
  expect(rememberingNodeId(graphOf([], [], [], { state: { lastLinkId: 1 } }), 7)).toEqual({
    state: { lastLinkId: 1, lastNodeId: 7 },
  });
  expect(rememberingNodeId(graphOf([], [], [], { inputs: [] }), 7)).toEqual({
    inputs: [],
    state: { lastNodeId: 7 },
  });
  const graph = graphOf([], [], [], { last_node_id: 9 });
  expect(rememberingNodeId(graph, 7)).toBe(graph.info);
});

test("a uuid looks like one and comes once", () => {
  expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuid()).not.toBe(uuid());
});
