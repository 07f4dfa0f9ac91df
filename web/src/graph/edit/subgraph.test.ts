import { describe, expect, test } from "vitest";
import { apply, Draft, inverse } from "../change";
import { type Document, Mode, ROOT } from "../document";
import { toApi } from "../formats/toApi";
import { hostDef } from "../hosts";
import { ports } from "../ports";
import { DEFS, graphIn, nodeIn, PART, textToImage, wires, withSubgraph } from "../toys";
import { readWidgets } from "../widgets";
import * as edit from "./index";

function start(): Draft {
  const draft = new Draft(textToImage());
  for (const key of graphIn(draft.document).nodes.ids) edit.recreate(draft, DEFS, ROOT, key);
  return new Draft(draft.document);
}

function made(draft: Draft, keys: string[], graph = ROOT) {
  const result = edit.makeSubgraph(draft, DEFS, graph, keys, "Part");
  if (!result.ok) throw new Error(result.code);
  return result;
}

const portNames = (document: Document, id: string, side: "inputs" | "outputs") =>
  ports(graphIn(document, id), side).map((port) => `${port.name} ${port.type}`);

/** What runs, whatever the ids are: every node with its values, and its sources spelt out. */
function meaning(document: Document): string[] {
  const { prompt } = toApi(document, DEFS);
  const spell = (id: string): string => {
    const node = prompt[id];
    const inputs = Object.entries(node?.inputs ?? {}).map(([name, value]) =>
      Array.isArray(value)
        ? `${name}=(${spell(String(value[0]))}).${value[1]}`
        : `${name}=${JSON.stringify(value)}`,
    );
    return `${node?.class_type} ${inputs.sort().join(" ")}`;
  };
  return Object.keys(prompt).map(spell).sort();
}

describe("making a subgraph", () => {
  test("gives it an input for each output from outside, and runs the same", () => {
    const draft = start();
    const before = meaning(draft.document);
    const { host, definition } = made(draft, ["2", "3", "5"]);
    expect(portNames(draft.document, definition, "inputs")).toEqual([
      "model MODEL",
      "clip CLIP",
      "latent_image LATENT",
    ]);
    expect(portNames(draft.document, definition, "outputs")).toEqual(["LATENT LATENT"]);
    expect(wires(draft.document, definition).filter((wire) => wire.startsWith("-10:1"))).toHaveLength(2);
    expect(wires(draft.document)).toContain(`${host}:0 > 6:samples`);
    expect(graphIn(draft.document).nodes.ids).toEqual(["1", "4", "6", "7", host]);
    expect(meaning(draft.document)).toEqual(before);
    expect(apply(draft.document, inverse(draft.changes))).toEqual(start().document);
  });

  /** The text-to-image graph, the links from the loader stored as "use everywhere" nodes leave them. */
  function loadedEverywhere(): Draft {
    const draft = start();
    const { links } = graphIn(draft.document);
    const apart = links.ids.flatMap((id) => {
      const one = links.by[id];
      if (one === undefined || !["1", "3"].includes(one.from)) return [];
      const slot = nodeIn(draft.document, one.to).inputs?.findIndex(({ name }) => name === one.toInput) ?? -1;
      draft.put(ROOT, "links", id, null);
      const ends = { upstream: one.from, downstream: Number(one.to), upstream_slot: one.fromSlot };
      return [{ ...ends, downstream_slot: slot, controller: 99, type: one.type }];
    });
    draft.info(ROOT, { ...graphIn(draft.document).info, extra: { other: 1, ue_links: apart } });
    return new Draft(draft.document);
  }
  const stored = (document: Document, id = ROOT) =>
    Object(graphIn(document, id).info["extra"])["ue_links"]?.map(
      (one: { upstream: string; downstream: number }) => `${one.upstream} > ${one.downstream}`,
    );

  test("keeps the links made everywhere: apart on either side, as links over the edge", () => {
    const draft = loadedEverywhere();
    const before = meaning(draft.document);
    expect(before).toEqual(meaning(start().document));
    const all: string[] = stored(draft.document);
    const chosen = ["2", "3", "5"];
    const inside = all.filter((one) => one.split(" > ").every((key) => chosen.includes(key)));
    const outside = all.filter((one) => !one.split(" > ").some((key) => chosen.includes(key)));
    expect([inside.length, outside.length]).toEqual([1, 1]);
    const { host, definition } = made(draft, chosen);
    expect(stored(draft.document, definition)).toEqual(inside);
    expect(stored(draft.document)).toEqual(outside);
    expect(graphIn(draft.document).info["extra"]).toMatchObject({ other: 1 });
    expect(meaning(draft.document)).toEqual(before);
    edit.unpack(draft, DEFS, ROOT, host);
    expect(stored(draft.document)).toHaveLength(2);
    expect(meaning(draft.document)).toEqual(before);
    expect(apply(draft.document, inverse(draft.changes))).toEqual(loadedEverywhere().document);
  });

  test("sees a way back in that was made everywhere", () => {
    const draft = loadedEverywhere();
    const before = draft.document;
    const result = edit.makeSubgraph(draft, DEFS, ROOT, ["1", "5"], "Part");
    expect(result).toMatchObject({ ok: false, code: "cycle" });
    expect(draft.document).toEqual(before);
  });

  test("takes the frames along that hold nothing else", () => {
    const draft = start();
    edit.groupNodes(draft, ROOT, ["2", "3"], "prompts");
    edit.groupNodes(draft, ROOT, ["1", "2"], "mixed");
    const { definition } = made(draft, ["2", "3"]);
    const titles = (id: string) =>
      Object.values(graphIn(draft.document, id).groups.by).map((one) => one.title);
    expect([titles(ROOT), titles(definition)]).toEqual([["mixed"], ["prompts"]]);
  });

  test("refuses a selection that could not be one node", () => {
    const draft = start();
    const refused = edit.makeSubgraph(draft, DEFS, ROOT, ["1", "6"], "Part");
    expect(refused).toEqual({
      ok: false,
      code: "cycle",
      detail: "Load Checkpoint → KSampler → VAE Decode",
    });
    expect(edit.makeSubgraph(draft, DEFS, ROOT, ["99"], "Part")).toMatchObject({ ok: false, code: "empty" });
    expect(draft.changes).toEqual([]);
  });

  test("works inside of one, keeping promoted widgets promoted", () => {
    const draft = new Draft(withSubgraph());
    const before = meaning(draft.document);
    made(draft, ["1"], PART);
    expect(meaning(draft.document)).toEqual(before);
    expect(nodeIn(draft.document, "10").values).toEqual([42, 30]);
  });
});

describe("unpacking", () => {
  test("takes back what making did", () => {
    const draft = start();
    const before = meaning(draft.document);
    const { host } = made(draft, ["2", "3", "5"]);
    expect(edit.unpack(draft, DEFS, ROOT, host)).toHaveLength(3);
    expect(edit.collectDefinitions(draft)).toHaveLength(1);
    expect(meaning(draft.document)).toEqual(before);
    expect(wires(draft.document)).toHaveLength(9);
  });

  test("writes the instance's values inside, and leaves the other instance", () => {
    const draft = new Draft(withSubgraph());
    const before = meaning(draft.document);
    const [key = ""] = edit.unpack(draft, DEFS, ROOT, "10");
    expect(nodeIn(draft.document, key).values).toEqual([42, "fixed", 30, 8, "euler", "normal", 1]);
    expect(meaning(draft.document)).toEqual(before);
    expect(graphIn(draft.document, PART)).toEqual(graphIn(withSubgraph(), PART));
  });

  test("links what fed the instance, also a widget", () => {
    const draft = new Draft(withSubgraph());
    const primitive = edit.addPrimitive(draft, ROOT, [0, 0]);
    edit.link(draft, DEFS, ROOT, { node: primitive, slot: 0 }, { node: "10", input: "steps" });
    const [key = ""] = edit.unpack(draft, DEFS, ROOT, "10");
    expect(wires(draft.document)).toContain(`${primitive}:0 > ${key}:steps`);
    expect(wires(draft.document)).toContain(`1:0 > ${key}:model`);
    expect(wires(draft.document)).toContain(`${key}:0 > 11:latent`);
  });

  test("keeps what was muted muted, and leaves other nodes alone", () => {
    const draft = new Draft(withSubgraph());
    edit.setMode(draft, ROOT, ["10"], Mode.MUTE);
    const [key = ""] = edit.unpack(draft, DEFS, ROOT, "10");
    expect(nodeIn(draft.document, key).mode).toBe(Mode.MUTE);
    expect(edit.unpack(draft, DEFS, ROOT, "1")).toEqual([]);
  });
});

describe("the interface", () => {
  const values = (draft: Draft, key: string) => {
    const def = hostDef(draft.document, DEFS, PART);
    return def === undefined ? {} : Object.fromEntries(readWidgets(nodeIn(draft.document, key), def).values);
  };

  test("a promoted widget starts with the value inside, on every instance", () => {
    const draft = new Draft(withSubgraph());
    expect(edit.exposeInput(draft, DEFS, PART, { node: "1", input: "cfg" })).toBe("cfg");
    expect(edit.exposeInput(draft, DEFS, PART, { node: "1", input: "cfg" })).toBeNull();
    expect(values(draft, "10")).toEqual({ seed: 42, steps: 30, cfg: 8 });
    expect(nodeIn(draft.document, "10").values).toEqual([42, 30, 8]);
    expect(nodeIn(draft.document, "11").values).toBeNull();
  });

  test("a demoted one leaves the others their values", () => {
    const draft = new Draft(withSubgraph());
    edit.concealInput(draft, DEFS, PART, { node: "1", input: "seed" });
    expect(nodeIn(draft.document, "10").values).toEqual([30]);
    expect(portNames(draft.document, PART, "inputs")).toEqual(["model MODEL", "latent LATENT", "steps INT"]);
    expect(wires(draft.document, PART)).toContain("-10:2 > 1:steps");
  });

  test("renaming an input takes links and values along", () => {
    const draft = new Draft(withSubgraph());
    expect(edit.renamePort(draft, DEFS, PART, "inputs", 1, "picture")).toBe(true);
    expect(edit.renamePort(draft, DEFS, PART, "inputs", 3, "how many")).toBe(true);
    expect(edit.renamePort(draft, DEFS, PART, "inputs", 0, "how many")).toBe(false);
    expect(edit.renamePort(draft, DEFS, PART, "inputs", 0, " ")).toBe(false);
    expect(wires(draft.document).filter((wire) => wire.includes("picture"))).toEqual([
      ...["4:0 > 10:picture", "10:0 > 11:picture"],
    ]);
    expect(values(draft, "10")).toEqual({ seed: 42, "how many": 30 });
    expect(nodeIn(draft.document, "10").inputs?.map((slot) => slot.name)).toEqual(["model", "picture"]);
  });

  test("reordering inputs takes the values along", () => {
    const draft = new Draft(withSubgraph());
    edit.movePort(draft, DEFS, PART, "inputs", 3, 0);
    expect(portNames(draft.document, PART, "inputs")[0]).toBe("steps INT");
    expect(nodeIn(draft.document, "10").values).toEqual([30, 42]);
    expect(wires(draft.document, PART)).toContain("-10:0 > 1:steps");
    expect(wires(draft.document)).toEqual(wires(withSubgraph()));
  });

  test("removing an input takes its links, inside and out", () => {
    const draft = new Draft(withSubgraph());
    edit.removePort(draft, DEFS, PART, "inputs", 1);
    expect(wires(draft.document)).toEqual(["1:0 > 10:model", "1:0 > 11:model", "11:0 > 6:samples"]);
    expect(wires(draft.document, PART)).not.toContain("-10:1 > 1:latent_image");
    expect(nodeIn(draft.document, "10").inputs?.map((slot) => slot.name)).toEqual(["model"]);
    expect(nodeIn(draft.document, "10").values).toEqual([42, 30]);
  });

  test("outputs are added, moved and removed with what they feed", () => {
    const draft = new Draft(withSubgraph());
    edit.addPort(draft, DEFS, PART, "outputs", "LATENT", "IMAGE");
    edit.movePort(draft, DEFS, PART, "outputs", 0, 1);
    expect(portNames(draft.document, PART, "outputs")).toEqual(["LATENT_1 IMAGE", "LATENT LATENT"]);
    expect(wires(draft.document)).toContain("11:1 > 6:samples");
    expect(nodeIn(draft.document, "10").outputs?.map((slot) => slot.name)).toEqual(["LATENT_1", "LATENT"]);
    edit.removePort(draft, DEFS, PART, "outputs", 1);
    expect(wires(draft.document).filter((wire) => wire.startsWith("1"))).toEqual([
      "1:0 > 10:model",
      "1:0 > 11:model",
    ]);
  });

  test("an inner output is exposed", () => {
    const draft = new Draft(withSubgraph());
    expect(edit.exposeOutput(draft, DEFS, PART, { node: "1", slot: 0 })).toBe("LATENT_1");
    expect(wires(draft.document, PART)).toContain("1:0 > -20:LATENT_1");
    expect(edit.exposeOutput(draft, DEFS, PART, { node: "1", slot: 5 })).toBeNull();
  });

  test("removing the node a widget was promoted from leaves the others their values", () => {
    const draft = new Draft(withSubgraph());
    edit.unlinkInput(draft, DEFS, PART, { node: "1", input: "seed" });
    expect(values(draft, "10")).toEqual({ steps: 30 });
    expect(nodeIn(draft.document, "10").values).toEqual([30]);
  });
});

describe("definitions", () => {
  test("an instance gets one of its own", () => {
    const draft = new Draft(withSubgraph());
    const id = edit.makeIndependent(draft, ROOT, "10") ?? "";
    edit.setWidget(draft, DEFS, id, "1", "cfg", 1);
    expect(nodeIn(draft.document, "10")).toMatchObject({ type: id, values: [42, 30] });
    expect(graphIn(draft.document, PART)).toEqual(graphIn(withSubgraph(), PART));
    expect(edit.makeIndependent(draft, ROOT, "1")).toBeNull();
  });

  test("are dropped once nothing uses them", () => {
    const draft = new Draft(withSubgraph());
    expect(edit.collectDefinitions(draft)).toEqual([]);
    edit.removeNodes(draft, DEFS, ROOT, ["10", "11"]);
    expect(draft.document.graphs.ids).toEqual([ROOT, PART]);
    expect(edit.collectDefinitions(draft)).toEqual([PART]);
    expect(draft.document.graphs.ids).toEqual([ROOT]);
  });

  test("have a name", () => {
    const draft = new Draft(withSubgraph());
    edit.renameDefinition(draft, PART, " Denoise ");
    edit.renameDefinition(draft, PART, "");
    expect(hostDef(draft.document, DEFS, PART)?.title).toBe("Denoise");
  });
});
