import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Document,
  type Graph,
  type GraphId,
  type GroupRecord,
  type LinkRecord,
  type NodeRecord,
  ROOT,
  type Slot,
} from "../document";
import type { Json, JsonObject } from "../json";
import { tableOf } from "../table";
import { fixtureNames, fixtureText } from "./fixtures";
import { parse } from "./parse";
import { read } from "./read";
import { write } from "./write";

const word = fc.constantFrom("a", "seed", "图像", "long name", "x.y", "Ω");
/** What JSON can say; -0 is 0 in it. */
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const bag = fc.dictionary(word, json, { maxKeys: 3 }).map((value): JsonObject => value);
const number = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value + 0);
const point = fc.tuple(number, number).map(([x, y]): readonly [number, number] => [x, y]);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
/** Keys that mean something are records' own. */
const rest = fc.dictionary(
  fc.constantFrom("shape", "label", "localized_name", "boxcolor", "showAdvanced"),
  json,
);

const slots = fc
  .uniqueArray(fc.record({ name: fc.oneof(word, fc.string()), type: fc.oneof(word, json), rest }), {
    selector: ({ name }) => name,
    maxLength: 4,
  })
  .map((found): readonly Slot[] => found);

const node = fc.record({
  type: fc.constantFrom("KSampler", "Unknown node", "Reroute", "PrimitiveNode", "Note"),
  pos: point,
  size: point,
  mode: fc.constantFrom(0, 1, 2, 3, 4),
  title: maybe(fc.string()),
  flags: bag,
  color: maybe(fc.constant("#232")),
  bgcolor: maybe(fc.constant("#353")),
  inputs: slots,
  outputs: slots,
  values: maybe(fc.oneof(fc.array(json), bag)),
  properties: bag,
  rest,
});

const group = fc.record({
  title: fc.string(),
  bounding: fc.tuple(number, number, number, number),
  color: maybe(fc.constant("#3f789e")),
  rest: fc.dictionary(fc.constantFrom("font_size", "flags", "id"), json),
});

/** Ends are drawn as numbers and taken modulo what is there. */
const wire = fc.record({
  from: fc.nat(),
  slot: fc.nat(3),
  to: fc.nat(),
  input: fc.nat(),
  type: fc.oneof(word, json),
});

const ids = fc.uniqueArray(fc.oneof(fc.nat(99), fc.stringMatching(/^[a-z:]{1,5}$/)), {
  selector: String,
  minLength: 1,
  maxLength: 6,
});

const graph = fc
  .record({
    ids,
    nodes: fc.array(node, { minLength: 6, maxLength: 6 }),
    wires: fc.array(wire, { maxLength: 8 }),
    groups: fc.array(group, { maxLength: 2 }),
    ports: fc.tuple(slots, slots),
  })
  .map((drawn) => drawn);

type Drawn = typeof graph extends fc.Arbitrary<infer T> ? T : never;

function graphOf(drawn: Drawn, definition: GraphId | null): Graph {
  const nodes = drawn.ids.map((id, index): [string, NodeRecord] => {
    const found = drawn.nodes[index];
    if (found === undefined) throw new Error("too few nodes were drawn");
    return [String(id), { ...found, id }];
  });
  const [inputs, outputs] = definition === null ? [[], []] : drawn.ports;
  const origins = [...nodes.map(([key]) => key), ...(inputs.length > 0 ? [BOUNDARY_IN] : [])];
  const ends = nodes.flatMap(([key, { inputs: own }]) =>
    (own ?? []).map(({ name }) => ({ to: key, toInput: name })),
  );
  const targets = [...ends, ...outputs.map(({ name }) => ({ to: BOUNDARY_OUT, toInput: name }))];
  const links = new Map<string, LinkRecord>();
  for (const { from, slot, to, input, type } of targets.length === 0 ? [] : drawn.wires) {
    const end = targets[(to + input) % targets.length] ?? { to: "", toInput: "" };
    const origin = origins[from % origins.length] ?? "";
    const fromSlot = origin === BOUNDARY_IN ? slot % inputs.length : slot;
    const id = links.size + 1;
    const key = JSON.stringify(end);
    if (!links.has(key)) links.set(key, { id, from: origin, fromSlot, ...end, type, rest: {} });
  }
  const made = [...links.values()];
  const port = (slot: Slot) => ({ id: `port ${slot.name}`, name: slot.name, type: slot.type, linkIds: [] });
  return {
    nodes: tableOf(nodes),
    links: tableOf(made.map((link) => [String(link.id), link])),
    groups: tableOf(drawn.groups.map((found, index): [string, GroupRecord] => [String(index + 1), found])),
    info:
      definition === null
        ? {}
        : { id: definition, name: "Inner", inputs: inputs.map(port), outputs: outputs.map(port) },
  };
}

const documents = fc.tuple(graph, fc.array(graph, { maxLength: 2 })).map(([root, inner]): Document => {
  const definitions = inner.map((drawn, index): [GraphId, Graph] => [
    `def-${index}`,
    graphOf(drawn, `def-${index}`),
  ]);
  return { graphs: tableOf([[ROOT, graphOf(root, null)], ...definitions]) };
});

/** What edits change: the records, without what only tells how the file wrote them. */
function recordsOf(document: Document) {
  return document.graphs.ids.map((id) => {
    const { nodes, links, groups } = document.graphs.by[id] ?? { nodes: null, links: null, groups: null };
    return { id, nodes: unordered(nodes), links, groups };
  });
}

function unordered(nodes: Graph["nodes"] | null) {
  return nodes?.ids.map((key) => {
    const found = nodes.by[key];
    return { ...found, rest: { ...found?.rest, order: undefined } };
  });
}

describe("any document", () => {
  it("is the same after saving and opening", () => {
    fc.assert(
      fc.property(documents, (document) => {
        const file = JSON.stringify(write(document));
        const opened = read(file);
        expect(opened.findings).toEqual([]);
        expect(recordsOf(opened.document)).toEqual(recordsOf(document));
        expect(JSON.stringify(write(opened.document))).toBe(file);
      }),
      { numRuns: 200, seed: 7 },
    );
  }, 60_000);
});

describe("any file", () => {
  const names = fixtureNames().filter((name) => name !== "group_node");
  /** A file with one of its values made something else. */
  const spoiled = fc.tuple(fc.constantFrom(...names), fc.nat(), fc.oneof(json, fc.constant(undefined)));

  it("opens without a crash whatever is wrong in it, and is stable from then on", () => {
    fc.assert(
      fc.property(spoiled, ([name, place, value]) => {
        const file = spoil(parse(fixtureText(name)).value, place, value);
        if (!Array.isArray((file as JsonObject)["nodes"])) return;
        const once = write(read(file as JsonObject).document);
        const twice = write(read(JSON.stringify(once)).document);
        expect(JSON.stringify(twice)).toBe(JSON.stringify(once));
      }),
      { numRuns: 400, seed: 11 },
    );
  }, 60_000);
});

/** Another value in the place that is reached by counting; undefined takes it out. */
function spoil(file: Json, place: number, value: Json | undefined): Json {
  let count = 0;
  const total = sizeOf(file);
  const wanted = place % total;
  const change = (at: Json): Json | undefined => {
    count += 1;
    if (count === wanted + 1) return value;
    if (Array.isArray(at)) return at.map((item) => change(item) ?? null);
    if (typeof at !== "object" || at === null) return at;
    const entries = Object.entries(at).map(([key, item]) => [key, change(item)] as const);
    return Object.fromEntries(entries.flatMap(([key, item]) => (item === undefined ? [] : [[key, item]])));
  };
  return change(file) ?? {};
}

function sizeOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + sizeOf(item), 1);
}
