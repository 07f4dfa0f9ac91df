import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply, type Change, Draft, inverse } from "../change";
import { canConnect } from "../connect";
import { BOUNDARY_IN, BOUNDARY_OUT, type Document, type Graph, type GraphId, ROOT } from "../document";
import { read } from "../formats/read";
import { toApi } from "../formats/toApi";
import { write } from "../formats/write";
import { definitionsInside, defOf, hostDef } from "../hosts";
import { isObject } from "../json";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { ports } from "../ports";
import { socketsOf } from "../sockets";
import { records } from "../table";
import { DEFS, groupOf, textToImage } from "../toys";
import { readWidgets } from "../widgets";
import { autoLayout } from "./arrange";
import * as edit from "./index";

/** A stream of numbers that decides everything an operation leaves open. */
class Dice {
  private at = 0;
  constructor(private readonly numbers: readonly number[]) {}

  below(limit: number): number {
    const number = this.numbers[this.at % this.numbers.length] ?? 0;
    this.at += 1;
    return limit <= 0 ? 0 : Math.floor(number * limit);
  }

  one<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  some<T>(items: readonly T[]): T[] {
    const share = this.below(4);
    return items.filter(() => this.below(6) <= share);
  }
}

interface Table {
  readonly draft: Draft;
  readonly graph: GraphId;
  readonly dice: Dice;
}

const point = (dice: Dice) => [dice.below(2000) - 500, dice.below(2000) - 500] as const;
const nodes = ({ draft, graph }: Table) => draft.graph(graph).nodes.ids;
const links = ({ draft, graph }: Table) => draft.graph(graph).links.ids;
const groups = ({ draft, graph }: Table) => draft.graph(graph).groups.ids;

function outputs(table: Table) {
  const { draft, graph } = table;
  const found = nodes(table).flatMap((node) => {
    const record = draft.graph(graph).nodes.by[node];
    const sockets =
      record === undefined ? [] : socketsOf(record, defOf(draft.document, DEFS, record)).outputs;
    return sockets.map(({ index }) => ({ node, slot: index }));
  });
  const inputs = ports(draft.graph(graph), "inputs").map((_, slot) => ({ node: BOUNDARY_IN, slot }));
  return [...found, ...inputs];
}

function inputs(table: Table) {
  const { draft, graph } = table;
  const found = nodes(table).flatMap((node) => {
    const record = draft.graph(graph).nodes.by[node];
    const sockets = record === undefined ? [] : socketsOf(record, defOf(draft.document, DEFS, record)).inputs;
    return sockets.map(({ name }) => ({ node, input: name }));
  });
  const given = ports(draft.graph(graph), "outputs").map(({ name }) => ({ node: BOUNDARY_OUT, input: name }));
  return [...found, ...given];
}

/** Connects what may be connected: the canvas asks first, too. */
function connect(table: Table): void {
  const { draft, graph, dice } = table;
  const from = dice.one(outputs(table));
  if (from === undefined) return;
  const fits = inputs(table).filter((to) => canConnect(draft.document, DEFS, graph, from, to).ok);
  const to = dice.one(fits);
  if (to !== undefined) edit.link(draft, DEFS, graph, from, to);
}

const OPERATIONS: Readonly<Record<string, (table: Table) => void>> = {
  addNode: ({ draft, graph, dice }) => {
    const hosts = draft.document.graphs.ids.flatMap((id) =>
      id === ROOT ? [] : (hostDef(draft.document, DEFS, id) ?? []),
    );
    const def = dice.below(3) === 0 ? dice.one(hosts) : dice.one([...DEFS.values()]);
    if (def === undefined || edit.wouldContainItself(draft.document, graph, def.name)) return;
    edit.addNode(draft, graph, def, point(dice));
  },
  connect,
  connectMore: connect,
  connectMost: connect,
  connectLast: connect,
  note: ({ draft, graph, dice }) => edit.addNote(draft, graph, point(dice), "note"),
  primitive: ({ draft, graph, dice }) => edit.addPrimitive(draft, graph, point(dice)),
  removeNodes: (table) => {
    const keys = table.dice.some(nodes(table)).slice(0, 3);
    edit.removeNodes(table.draft, DEFS, table.graph, keys, { reconnect: table.dice.below(2) === 0 });
  },
  unlink: (table) => edit.unlink(table.draft, DEFS, table.graph, table.dice.some(links(table)).slice(0, 2)),
  insertReroute: (table) => {
    const link = table.dice.one(links(table));
    if (link !== undefined) edit.insertReroute(table.draft, DEFS, table.graph, link, point(table.dice));
  },
  insertInto: (table) => {
    const link = table.dice.one(links(table)) ?? "";
    const fits = nodes(table).filter(
      (key) => edit.fitInto(table.draft, DEFS, table.graph, key, link) !== null,
    );
    const key = table.dice.one(fits);
    if (key !== undefined) edit.insertInto(table.draft, DEFS, table.graph, key, link);
  },
  moveLinks: (table) => {
    const { draft, graph, dice } = table;
    const link = draft.graph(graph).links.by[dice.one(links(table)) ?? ""];
    if (link === undefined) return;
    const [from, end] = [
      { node: link.from, slot: link.fromSlot },
      { node: link.to, input: link.toInput },
    ];
    const to = dice.one(outputs(table).filter((one) => canConnect(draft.document, DEFS, graph, one, end).ok));
    if (to !== undefined) edit.moveLinks(draft, DEFS, graph, from, to);
  },
  move: (table) => edit.moveBy(table.draft, table.graph, table.dice.some(nodes(table)), point(table.dice)),
  dress: ({ draft, graph, dice, ...table }) => {
    const keys = dice.some(nodes({ draft, graph, dice, ...table }));
    edit.setCollapsed(draft, graph, keys, dice.below(2) === 0);
    edit.setPinned(draft, graph, keys, dice.below(5) === 0);
    edit.setColour(draft, graph, keys, { color: dice.one(["#232", null]) ?? null, bgcolor: "#353" });
    edit.reorder(draft, graph, keys, dice.below(2) === 0 ? "front" : "back");
    for (const key of keys.slice(0, 1)) edit.rename(draft, graph, key, dice.one(["", "one", "two"]) ?? null);
  },
  mode: (table) =>
    edit.toggleMode(table.draft, table.graph, table.dice.some(nodes(table)), table.dice.one([2, 4]) ?? 2),
  widget: (table) => {
    const { draft, graph, dice } = table;
    const key = dice.one(nodes(table)) ?? "";
    const node = draft.graph(graph).nodes.by[key];
    const def = node && defOf(draft.document, DEFS, node);
    const input = def && dice.one(def.inputs.filter((one) => one.widget !== null));
    if (input === undefined) return;
    const value =
      input.widget === "INT" || input.widget === "FLOAT" ? dice.below(100) : `text ${dice.below(9)}`;
    edit.setWidget(draft, DEFS, graph, key, input.name, value);
    edit.setControl(
      draft,
      DEFS,
      graph,
      key,
      input.name,
      dice.one(["fixed", "increment"] as const) ?? "fixed",
    );
    if (dice.below(2) === 0) edit.widgetToInput(draft, DEFS, graph, key, input.name);
    else edit.inputToWidget(draft, DEFS, graph, key, input.name);
  },
  recreate: (table) => edit.recreate(table.draft, DEFS, table.graph, table.dice.one(nodes(table)) ?? ""),
  groups: (table) => {
    const { draft, graph, dice } = table;
    edit.groupNodes(draft, graph, dice.some(nodes(table)), "group");
    const key = dice.one(groups(table)) ?? "";
    [edit.moveGroup(draft, graph, key, point(dice)), edit.fitGroup(draft, graph, key)].at(0);
    edit.renameGroup(draft, graph, key, `group ${dice.below(3)}`);
    edit.colourGroup(draft, graph, [key], "#fff");
    if (dice.below(2) === 0) edit.ungroup(draft, graph, [key]);
  },
  align: (table) => {
    const { draft, graph, dice } = table;
    const keys = dice.some(nodes(table));
    edit.align(draft, graph, keys, dice.one(["left", "centreY", "bottom"] as const) ?? "top");
    edit.distribute(draft, graph, keys, dice.one(["x", "y"] as const) ?? "x");
    edit.sameSize(draft, graph, keys, "both");
  },
  layout: (table) => {
    if (table.dice.below(8) === 0) autoLayout(table.draft, table.graph, table.dice.some(nodes(table)));
  },
  duplicate: (table) => {
    const { draft, graph, dice } = table;
    if (nodes(table).length > 25) return;
    const keys = dice.some(nodes(table)).slice(0, 6);
    edit.duplicate(draft, DEFS, graph, keys, dice.some(groups(table)), { connect: dice.below(2) === 0 });
  },
  copyAcross: (table) => {
    const { draft, graph, dice } = table;
    const from = dice.one(draft.document.graphs.ids) ?? ROOT;
    const keys = dice.some(draft.graph(from).nodes.ids).slice(0, 4);
    if (nodes(table).length > 25) return;
    edit.paste(draft, DEFS, graph, edit.copy(draft.document, from, keys), { at: point(dice), connect: true });
  },
  makeSubgraph: (table) => {
    if (table.draft.document.graphs.ids.length > 6) return;
    edit.makeSubgraph(table.draft, DEFS, table.graph, table.dice.some(nodes(table)).slice(0, 5), "Part");
  },
  unpack: (table) => {
    if (nodes(table).length < 25)
      edit.unpack(table.draft, DEFS, table.graph, table.dice.one(nodes(table)) ?? "");
  },
  expose: (table) => {
    const { draft, graph, dice } = table;
    if (graph === ROOT) return;
    const index = linkIndex(draft.graph(graph));
    const free = inputs(table).filter(({ node, input }) => !index.into(node).has(input));
    const [from, to] = [dice.one(outputs(table)), dice.one(free)];
    if (to !== undefined) edit.exposeInput(draft, DEFS, graph, to);
    if (from !== undefined && dice.below(4) === 0) edit.exposeOutput(draft, DEFS, graph, from);
  },
  exposeWidget: (table) => {
    const { draft, graph, dice } = table;
    const key = dice.one(nodes(table));
    const node = draft.graph(graph).nodes.by[key ?? ""];
    const widgets =
      node && defOf(draft.document, DEFS, node)?.inputs.filter((input) => input.widget !== null);
    const input = dice.one(widgets ?? []);
    if (graph === ROOT || key === undefined || input === undefined) return;
    edit.exposeInput(draft, DEFS, graph, { node: key, input: input.name });
  },
  conceal: (table) => {
    const to = table.dice.one(inputs(table));
    if (table.graph !== ROOT && to !== undefined) edit.concealInput(table.draft, DEFS, table.graph, to);
  },
  ports: ({ draft, graph, dice }) => {
    if (graph === ROOT) return;
    const side = dice.one(["inputs", "outputs"] as const) ?? "inputs";
    const count = ports(draft.graph(graph), side).length;
    edit.renamePort(draft, DEFS, graph, side, dice.below(count), `port ${dice.below(5)}`);
    edit.movePort(draft, DEFS, graph, side, dice.below(count), dice.below(count));
    if (dice.below(3) === 0) edit.removePort(draft, DEFS, graph, side, dice.below(count));
    if (dice.below(3) === 0) edit.addPort(draft, DEFS, graph, side, "extra", "LATENT");
  },
  independent: (table) => {
    if (table.draft.document.graphs.ids.length > 6) return;
    edit.makeIndependent(table.draft, table.graph, table.dice.one(nodes(table)) ?? "");
  },
  collect: ({ draft, graph }) => {
    if (graph === ROOT) edit.collectDefinitions(draft);
  },
};
const NAMES = Object.keys(OPERATIONS);

/** The bytes of a document: its tables in their order. */
function bytes(document: Document): string {
  const table = (rows: { ids: readonly string[]; by: Readonly<Record<string, unknown>> }) =>
    rows.ids.map((id) => [id, rows.by[id]]);
  return JSON.stringify(
    document.graphs.ids.map((id) => {
      const graph = document.graphs.by[id];
      return graph && [id, table(graph.nodes), table(graph.links), table(graph.groups), graph.info];
    }),
  );
}

/** What must hold after whatever anybody does. */
function broken(document: Document): string | null {
  for (const id of document.graphs.ids) {
    const graph = document.graphs.by[id];
    if (graph === undefined) return `graph ${id} is listed but not there`;
    if (definitionsInside(document, id).has(id)) return `${id} contains itself`;
    for (const table of [graph.nodes, graph.links, graph.groups]) {
      if (new Set(table.ids).size !== table.ids.length) return `${id}: an id occurs twice`;
      if (table.ids.length !== Object.keys(table.by).length) return `${id}: ids and records differ`;
    }
    for (const key of graph.nodes.ids) {
      if (String(graph.nodes.by[key]?.id) !== key) return `${id}: node ${key} has another id`;
    }
    for (const side of ["inputs", "outputs"] as const) {
      const names = ports(graph, side).map((port) => port.name);
      if (new Set(names).size !== names.length) return `${id}: two ${side} of one name`;
    }
    const fault = brokenLink(document, graph) ?? brokenPoint(graph) ?? brokenHost(document, graph);
    if (fault !== null) return `${id}: ${fault}`;
  }
  return null;
}

function brokenLink(document: Document, graph: Graph): string | null {
  const fed = new Set<string>();
  for (const link of records(graph.links)) {
    const [from, to] = [graph.nodes.by[link.from], graph.nodes.by[link.to]];
    const outputs =
      link.from === BOUNDARY_IN
        ? ports(graph, "inputs").length
        : from && socketsOf(from, defOf(document, DEFS, from)).outputs.length;
    const inputs =
      link.to === BOUNDARY_OUT
        ? ports(graph, "outputs")
        : to && socketsOf(to, defOf(document, DEFS, to)).inputs;
    if (outputs === undefined || link.fromSlot >= outputs) return `link ${link.id} starts nowhere`;
    if (!inputs?.some((socket) => socket.name === link.toInput)) return `link ${link.id} ends nowhere`;
    const end = `${link.to} ${link.toInput}`;
    if (fed.has(end)) return `two links end at ${end}`;
    fed.add(end);
    const slots = to?.inputs ?? [];
    if (to !== undefined && !slots.some((slot) => slot.name === link.toInput)) {
      return `the file would lose link ${link.id}: node ${link.to} has no record of ${link.toInput}`;
    }
    if (from !== undefined && from.outputs?.[link.fromSlot] === undefined) {
      return `the file would lose link ${link.id}: node ${link.from} has no record of output ${link.fromSlot}`;
    }
  }
  return null;
}

/** The points a link goes through know only links that are there. */
function brokenPoint(graph: Graph): string | null {
  const extra = isObject(graph.info["extra"]) ? graph.info["extra"] : {};
  const points = Array.isArray(extra["reroutes"]) ? extra["reroutes"].filter(isObject) : [];
  const links = points.flatMap((point) => (Array.isArray(point["linkIds"]) ? point["linkIds"] : []));
  const gone = links.find((id) => graph.links.by[String(id)] === undefined);
  return gone === undefined ? null : `a point knows link ${String(gone)}, which is gone`;
}

/** A host's records must be those of its definition, and its values not longer than its widgets. */
function brokenHost(document: Document, graph: Graph): string | null {
  for (const node of records(graph.nodes)) {
    if (!isHost(document, node.type)) continue;
    const def = hostDef(document, DEFS, node.type);
    const names = new Set(def?.inputs.map((input) => input.name));
    const stranger = node.inputs?.find((slot) => !names.has(slot.name));
    if (stranger !== undefined) return `host ${node.id} has an input ${stranger.name} its definition has not`;
    const widgets = def?.inputs.filter((input) => input.widget !== null).length ?? 0;
    if (Array.isArray(node.values) && node.values.length > widgets)
      return `host ${node.id} has values too many`;
    const misfits = def === undefined ? [] : readWidgets(node, def).misfits;
    if (misfits.length > 0) return `host ${node.id} has the value of another widget at ${misfits[0]}`;
  }
  return null;
}

/** The toy with a subgraph from the start, and records for its links, as every opened file has them. */
function start(): Document {
  const draft = new Draft(textToImage());
  for (const key of draft.graph(ROOT).nodes.ids) edit.recreate(draft, DEFS, ROOT, key);
  edit.makeSubgraph(draft, DEFS, ROOT, ["2", "5"], "Sampling");
  draft.put(ROOT, "groups", "1", groupOf("all", [0, -100, 3000, 2000]));
  const [first = "", second = ""] = draft.graph(ROOT).links.ids;
  const reroutes = [
    { id: 1, pos: [10, 10], linkIds: [Number(first), Number(second)] },
    { id: 2, parentId: 1, pos: [50, 10], linkIds: [Number(second)] },
  ];
  const linkExtensions = [
    { id: Number(first), parentId: 1 },
    { id: Number(second), parentId: 2 },
  ];
  draft.info(ROOT, { ...draft.graph(ROOT).info, extra: { reroutes, linkExtensions } });
  return draft.document;
}

const step = fc.record({
  name: fc.constantFrom(...NAMES),
  graph: fc.nat(9),
  numbers: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 8, maxLength: 8 }),
});

describe("random edits", () => {
  const RUNS = 100;
  const STEPS = 100;

  test(`${RUNS * STEPS} operations leave sound documents, and are undone and redone to the byte`, () => {
    const first = start();
    fc.assert(
      fc.property(fc.array(step, { minLength: STEPS, maxLength: STEPS }), (steps) => {
        let document = first;
        const history: { before: string; changes: readonly Change[] }[] = [];
        for (const { name, graph, numbers } of steps) {
          const draft = new Draft(document);
          const ids = document.graphs.ids;
          const table = { draft, graph: ids[graph % ids.length] ?? ROOT, dice: new Dice(numbers) };
          OPERATIONS[name]?.(table);
          expect(broken(draft.document), `after ${name}`).toBeNull();
          history.push({ before: bytes(document), changes: draft.changes });
          document = draft.document;
        }
        const last = bytes(document);
        // Written to a file and read again, it would run the same.
        const reopened = read(JSON.stringify(write(document)), DEFS).document;
        expect(toApi(reopened, DEFS).prompt).toEqual(toApi(document, DEFS).prompt);
        for (const { before, changes } of history.toReversed()) {
          document = apply(document, inverse(changes));
          if (bytes(document) !== before) throw new Error("undoing a step gave other bytes");
        }
        for (const { changes } of history) document = apply(document, changes);
        expect(bytes(document)).toBe(last);
      }),
      { seed: 20251121, numRuns: RUNS, endOnFailure: true },
    );
  }, 120_000);
});
