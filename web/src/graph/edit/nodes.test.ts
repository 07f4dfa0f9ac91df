import { describe, expect, test } from "vitest";
import { Draft } from "../change";
import { Mode, ROOT } from "../document";
import { hostDef } from "../hosts";
import {
  DEFS,
  graphIn,
  linkOf,
  nodeIn,
  nodeOf,
  PART,
  slotOf,
  textToImage,
  wires,
  withSubgraph,
} from "../toys";
import * as edit from "./index";

const def = (name: string) => {
  const found = DEFS.get(name);
  if (found === undefined) throw new Error(`no class ${name}`);
  return found;
};

describe("a new node", () => {
  test("has all its sockets, fresh values and the name other nodes call it by", () => {
    const draft = new Draft(textToImage());
    const key = edit.addNode(draft, ROOT, def("KSampler"), [10, 20]);
    const node = nodeIn(draft.document, key);
    expect(key).toBe("8");
    expect(node).toMatchObject({ id: 8, type: "KSampler", pos: [10, 20], mode: Mode.ALWAYS, title: null });
    expect(node.inputs?.map((slot) => slot.name).slice(0, 5)).toEqual([
      ...["model", "positive", "negative", "latent_image", "seed"],
    ]);
    expect(node.inputs?.[4]?.rest).toEqual({ widget: { name: "seed" } });
    expect(node.values).toEqual([0, "randomize", 20, 8, "euler", "normal", 1]);
    expect(node.properties).toEqual({ "Node name for S&R": "KSampler" });
  });

  test("gets no id that a removed one had", () => {
    const draft = new Draft(textToImage());
    edit.removeNodes(draft, DEFS, ROOT, [edit.addNode(draft, ROOT, def("VAEDecode"), [0, 0])]);
    expect(edit.addNode(draft, ROOT, def("VAEDecode"), [0, 0])).toBe("9");
  });

  test("may be an instance of a subgraph, but not inside of itself", () => {
    const draft = new Draft(withSubgraph());
    const host = hostDef(draft.document, DEFS, PART);
    if (host === undefined) throw new Error("no definition");
    const key = edit.addNode(draft, ROOT, host, [0, 0]);
    expect(nodeIn(draft.document, key).values).toEqual([7, 20]);
    expect(edit.wouldContainItself(draft.document, PART, PART)).toBe(true);
    expect(() => edit.addNode(draft, PART, host, [0, 0])).toThrow(/itself/);
  });
});

describe("removing nodes", () => {
  test("takes their links, and only theirs", () => {
    const draft = new Draft(textToImage());
    edit.removeNodes(draft, DEFS, ROOT, ["5", "nobody"]);
    expect(wires(draft.document)).toEqual(["1:1 > 2:clip", "1:1 > 3:clip", "1:2 > 6:vae", "6:0 > 7:images"]);
  });

  test("can connect what they were between, as bypassing would", () => {
    const draft = new Draft(textToImage());
    const lora = edit.addNode(draft, ROOT, def("LoraLoader"), [0, 0]);
    edit.insertInto(draft, DEFS, ROOT, lora, 1);
    edit.link(draft, DEFS, ROOT, { node: "1", slot: 1 }, { node: lora, input: "clip" });
    edit.link(draft, DEFS, ROOT, { node: lora, slot: 1 }, { node: "2", input: "clip" });
    edit.removeNodes(draft, DEFS, ROOT, [lora], { reconnect: true });
    expect(wires(draft.document).sort()).toEqual(wires(textToImage()).sort());
  });

  test("in a row connects over all of them", () => {
    const draft = new Draft(textToImage());
    const [a, b] = [edit.insertReroute(draft, DEFS, ROOT, 7, [0, 0]) ?? "", ""];
    const next = graphIn(draft.document).links.ids.at(-1) ?? b;
    const c = edit.insertReroute(draft, DEFS, ROOT, next, [0, 0]) ?? "";
    edit.removeNodes(draft, DEFS, ROOT, [a, c], { reconnect: true });
    expect(wires(draft.document).sort()).toEqual(wires(textToImage()).sort());
  });

  test("takes loose wires and points of links along", () => {
    const before = textToImage();
    const info = {
      extra: {
        reroutes: [
          { id: 1, pos: [0, 0], linkIds: [7] },
          { id: 2, parentId: 1, pos: [5, 5], linkIds: [7] },
          { id: 3, pos: [9, 9], linkIds: [9], floating: { slotType: "input" } },
          { id: 4, pos: [9, 9], linkIds: [8] },
        ],
        linkExtensions: [
          { id: 7, parentId: 2 },
          { id: 8, parentId: 4 },
        ],
      },
      floatingLinks: [{ id: 20, origin_id: 5, origin_slot: 0, target_id: -1, target_slot: -1, parentId: 3 }],
    };
    const draft = new Draft(before);
    draft.info(ROOT, info);
    edit.removeNodes(draft, DEFS, ROOT, ["5"]);
    expect(graphIn(draft.document).info).toMatchObject({
      extra: {
        reroutes: [
          { id: 3, linkIds: [9] },
          { id: 4, linkIds: [8] },
        ],
        linkExtensions: [{ id: 8, parentId: 4 }],
      },
      floatingLinks: [],
    });
  });
});

describe("moving and dressing", () => {
  test("leaves pinned nodes where they are", () => {
    const draft = new Draft(textToImage());
    edit.setPinned(draft, ROOT, ["5"], true);
    edit.moveBy(draft, ROOT, ["5", "6"], [10, -10]);
    edit.move(draft, ROOT, new Map([["5", [0, 0]]]));
    expect([nodeIn(draft.document, "5").pos, nodeIn(draft.document, "6").pos]).toEqual([
      [1200, 0],
      [1610, -10],
    ]);
    edit.setPinned(draft, ROOT, ["5"], false);
    expect(nodeIn(draft.document, "5").flags).toEqual({});
  });

  test("an empty title is none", () => {
    const draft = new Draft(textToImage());
    edit.rename(draft, ROOT, "5", " my sampler ");
    expect(nodeIn(draft.document, "5").title).toBe("my sampler");
    edit.rename(draft, ROOT, "5", " ");
    expect(nodeIn(draft.document, "5").title).toBeNull();
  });

  test("what stays as it is is no change", () => {
    const draft = new Draft(textToImage());
    edit.setCollapsed(draft, ROOT, ["5"], false);
    edit.setColour(draft, ROOT, ["5"], { color: null, bgcolor: null });
    edit.reorder(draft, ROOT, ["7"], "front");
    edit.resize(draft, ROOT, "5", [300, 200]);
    expect(draft.changes).toEqual([]);
  });

  test("brings nodes to the front or the back, in their order", () => {
    const draft = new Draft(textToImage());
    edit.reorder(draft, ROOT, ["3", "1"], "front");
    expect(graphIn(draft.document).nodes.ids.join("")).toBe("2456713");
    edit.reorder(draft, ROOT, ["7", "4"], "back");
    expect(graphIn(draft.document).nodes.ids.join("")).toBe("4725613");
  });
});

describe("modes", () => {
  const modes = (draft: Draft, graph = ROOT) =>
    graphIn(draft.document, graph).nodes.ids.map((key) => nodeIn(draft.document, key, graph).mode);

  test("are toggled for all: on unless all have it", () => {
    const draft = new Draft(textToImage());
    edit.toggleMode(draft, ROOT, ["1", "2"], Mode.MUTE);
    edit.toggleMode(draft, ROOT, ["2", "3"], Mode.MUTE);
    expect(modes(draft)).toEqual([2, 2, 2, 0, 0, 0, 0]);
    edit.toggleMode(draft, ROOT, ["1", "2", "3"], Mode.MUTE);
    expect(modes(draft)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test("of one of several instances are its own", () => {
    const draft = new Draft(withSubgraph());
    edit.setMode(draft, ROOT, ["10"], Mode.BYPASS);
    expect([nodeIn(draft.document, "10").mode, modes(draft, PART)]).toEqual([Mode.BYPASS, [Mode.ALWAYS]]);
  });

  test("of the only instance go inside, as other editors do, and come back", () => {
    const draft = new Draft(withSubgraph());
    edit.removeNodes(draft, DEFS, ROOT, ["11"]);
    edit.setMode(draft, ROOT, ["10"], Mode.BYPASS);
    expect(modes(draft, PART)).toEqual([Mode.BYPASS]);
    edit.setMode(draft, ROOT, ["10"], Mode.ALWAYS);
    expect(modes(draft, PART)).toEqual([Mode.ALWAYS]);
  });

  test("inside stay where they differ from the host's", () => {
    const draft = new Draft(withSubgraph());
    edit.removeNodes(draft, DEFS, ROOT, ["11"]);
    edit.setMode(draft, PART, ["1"], Mode.MUTE);
    edit.setMode(draft, ROOT, ["10"], Mode.BYPASS);
    edit.setMode(draft, ROOT, ["10"], Mode.ALWAYS);
    expect(modes(draft, PART)).toEqual([Mode.MUTE]);
  });
});

describe("recreating", () => {
  test("keeps links and values that fit, and drops the rest", () => {
    const draft = new Draft(textToImage());
    const old = nodeOf(5, "KSampler", {
      title: "mine",
      values: ["wrong", "fixed", 33, 8, "euler", "normal", 1],
      inputs: [slotOf("model", "MODEL"), slotOf("gone", "MASK")],
      outputs: [slotOf("MASK", "MASK"), slotOf("LATENT", "LATENT")],
    });
    draft.put(ROOT, "nodes", "5", old);
    draft.put(ROOT, "links", "7", linkOf(7, "5:1", "6:samples", "LATENT"));
    draft.put(ROOT, "links", "10", linkOf(10, "6:0", "5:gone", "IMAGE"));
    edit.recreate(draft, DEFS, ROOT, "5");
    const node = nodeIn(draft.document, "5");
    expect(node).toMatchObject({ title: "mine", values: [0, "fixed", 33, 8, "euler", "normal", 1] });
    expect(node.outputs?.map((slot) => slot.name)).toEqual(["LATENT"]);
    expect(wires(draft.document)).toContain("5:0 > 6:samples");
    expect(wires(draft.document)).toContain("1:0 > 5:model");
    expect(wires(draft.document)).not.toContain("6:0 > 5:gone");
  });

  test("leaves a node of an unknown class alone", () => {
    const draft = new Draft(textToImage());
    edit.recreate(draft, new Map(), ROOT, "5");
    expect(draft.changes).toEqual([]);
  });
});
