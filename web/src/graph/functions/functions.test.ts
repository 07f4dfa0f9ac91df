import { describe, expect, it } from "vitest";
import { Draft } from "../change";
import { type Document, ROOT } from "../document";
import { read } from "../formats/read";
import { toApi } from "../formats/toApi";
import { write } from "../formats/write";
import { PRIMITIVE } from "../kinds";
import {
  DEFS,
  documentOf,
  graphIn,
  graphOf,
  linkOf,
  nodeOf,
  PART,
  slotOf,
  textToImage,
  withSubgraph,
} from "../toys";
import { sourceOf, targetsOf, type Where } from "./bindings";
import { completed } from "./completed";
import { declare, functionOf, NO_FUNCTION, type WorkflowFunction } from "./declaration";
import { changeInput, moved, shownOutput, toggleInput, toggleOutput } from "./edit";
import { marksOf } from "./marks";
import { nameFor, slug } from "./naming";

const at = (document: Document, graph = ROOT, path: readonly string[] = []): Where => ({
  document,
  defs: DEFS,
  graph,
  path,
});

function declared(document: Document, value: WorkflowFunction | null): Document {
  const draft = new Draft(document);
  declare(draft, value);
  return draft.document;
}

/** A primitive 20 that feeds the steps of sampler 5 through a reroute, and the width of 4. */
function withPrimitive(): Document {
  const base = textToImage();
  const graph = graphIn(base);
  const records = (ids: readonly string[], by: Readonly<Record<string, unknown>>) => ids.map((id) => by[id]);
  return documentOf(
    graphOf(
      [
        ...(records(graph.nodes.ids, graph.nodes.by) as ReturnType<typeof nodeOf>[]),
        nodeOf(20, PRIMITIVE, { values: [12, "fixed"], outputs: [slotOf("INT", "INT")] }),
        nodeOf(21, "Reroute", { inputs: [slotOf("", "*")], outputs: [slotOf("", "INT")] }),
      ],
      [
        ...(records(graph.links.ids, graph.links.by) as ReturnType<typeof linkOf>[]),
        linkOf(20, "20:0", "21:", "INT"),
        linkOf(21, "21:0", "5:steps", "INT"),
        linkOf(22, "20:0", "4:width", "INT"),
      ],
    ),
  );
}

describe("what is pointed at", () => {
  it("is bound to the node itself", () => {
    expect(targetsOf(at(textToImage()), "2", "text")).toEqual([{ node: "2", input: "text" }]);
    expect(sourceOf(at(textToImage()), "6", 0)).toEqual({ node: "6", slot: 0 });
  });

  it("is bound inside an instance when it is a widget the instance shows", () => {
    const document = withSubgraph();
    expect(targetsOf(at(document), "10", "steps")).toEqual([{ node: "10:1", input: "steps" }]);
    expect(targetsOf(at(document), "11", "model")).toEqual([{ node: "11:1", input: "model" }]);
    expect(sourceOf(at(document), "11", 0)).toEqual({ node: "11:1", slot: 0 });
    expect(targetsOf(at(document, PART, ["11"]), "1", "cfg")).toEqual([{ node: "11:1", input: "cfg" }]);
    expect(sourceOf(at(document, PART, ["10"]), "1", 0)).toEqual({ node: "10:1", slot: 0 });
  });

  it("names nodes as the prompt does", () => {
    const document = withSubgraph();
    const { prompt } = toApi(document, DEFS);
    for (const { node, input } of targetsOf(at(document), "10", "seed")) {
      expect(prompt[node]?.inputs).toHaveProperty(input);
    }
  });

  it("is everything a primitive feeds, whichever end is pointed at", () => {
    const document = withPrimitive();
    const fed = [
      { node: "5", input: "steps" },
      { node: "4", input: "width" },
    ];
    expect(targetsOf(at(document), "20", "steps")).toEqual(fed);
    expect(targetsOf(at(document), "5", "steps")).toEqual(fed);
    expect(targetsOf(at(document), "4", "height")).toEqual([{ node: "4", input: "height" }]);
  });

  it("leads to nothing where nothing runs", () => {
    expect(targetsOf(at(textToImage()), "99", "text")).toEqual([]);
    expect(sourceOf(at(withPrimitive()), "20", 0)).toBeNull();
  });

  it("may be the node that shows what is to come out", () => {
    expect(shownOutput(at(textToImage()), "7")).toEqual({ node: "6", slot: 0 });
    expect(shownOutput(at(textToImage()), "6")).toBeNull();
  });
});

describe("a declaration", () => {
  it("comes and goes by pointing, with types and names from the graph", () => {
    const where = at(textToImage());
    let made = toggleInput(NO_FUNCTION, where, "2", "text");
    made = toggleInput(made, where, "3", "text");
    made = toggleInput(made, where, "5", "cfg");
    made = toggleOutput(made, where, "6", 0);
    expect(made.inputs).toEqual([
      { name: "prompt", type: "STRING", targets: [{ node: "2", input: "text" }], multiline: true },
      { name: "negative_prompt", type: "STRING", targets: [{ node: "3", input: "text" }], multiline: true },
      { name: "cfg", type: "FLOAT", targets: [{ node: "5", input: "cfg" }] },
    ]);
    expect(made.outputs).toEqual([{ name: "image", type: "IMAGE", source: { node: "6", slot: 0 } }]);
    made = toggleInput(made, where, "3", "text");
    expect(made.inputs.map((one) => one.name)).toEqual(["prompt", "cfg"]);
    expect(toggleOutput(made, where, "6", 0).outputs).toEqual([]);
  });

  it("takes a primitive out as one, from any of its ends", () => {
    const where = at(withPrimitive());
    const made = toggleInput(NO_FUNCTION, where, "20", "steps");
    expect(made.inputs).toHaveLength(1);
    expect(made.inputs[0]).toMatchObject({ name: "steps", type: "INT" });
    expect(toggleInput(made, where, "4", "width").inputs).toEqual([]);
  });

  it("has no place for what leads to nothing", () => {
    expect(toggleInput(NO_FUNCTION, at(textToImage()), "99", "text")).toBe(NO_FUNCTION);
  });

  it("is kept in the file, beside what else is there", () => {
    const before = declared(textToImage(), null);
    expect(functionOf(before)).toBeNull();
    const value = toggleInput({ ...NO_FUNCTION, title: "Fox" }, at(before), "2", "text");
    const after = declared(before, value);
    const file = write(after);
    expect(file["extra"]).toEqual({ darkroom: { function: value } });
    expect(functionOf(read(file).document)).toEqual(value);
    expect(write(declared(after, null))["extra"]).toEqual({});
  });

  it("keeps what it does not know and leaves out what makes no sense", () => {
    const file = {
      ...write(textToImage()),
      extra: {
        darkroom: {
          other: 1,
          function: {
            note: "mine",
            inputs: [{ name: "a", targets: [{ node: 2, input: "text" }, 5], unit: "px" }, 7],
            outputs: "none",
          },
        },
      },
    };
    const { document } = read(file);
    expect(functionOf(document)).toEqual({
      note: "mine",
      inputs: [{ name: "a", type: "*", targets: [{ node: "2", input: "text" }], unit: "px" }],
      outputs: [],
    });
    expect(write(declared(document, null))["extra"]).toEqual({ darkroom: { other: 1 } });
  });

  it("is changed entry by entry", () => {
    const made = toggleInput(NO_FUNCTION, at(textToImage()), "5", "steps");
    const ranged = changeInput(made, 0, { min: 1, max: 30 });
    expect(ranged.inputs[0]).toMatchObject({ min: 1, max: 30 });
    expect(changeInput(ranged, 0, { min: undefined }).inputs[0]).not.toHaveProperty("min");
    expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
    expect(moved(["a", "b"], 1, 2)).toEqual(["a", "b"]);
  });
});

describe("what the nodes say of an input", () => {
  const input = { name: "steps", type: "INT", targets: [], max: 9 };

  it("is written down where nothing was said", () => {
    const known = { ...input, min: 1, max: 50, default: 20, options: ["a"], seed: true, description: "" };
    expect(completed(input, known)).toEqual({ ...input, min: 1, seed: true });
    expect(completed(input, undefined)).toBe(input);
    expect(completed({ ...input, type: "*" }, known)).toMatchObject({ type: "INT" });
  });

  it("is left to them where a number would be rounded", () => {
    const known = { ...input, min: 0, max: 2 ** 64 };
    expect(completed({ name: "seed", type: "INT", targets: [] }, known)).not.toHaveProperty("max");
  });
});

describe("the marks on the canvas", () => {
  it("are at the widgets, sockets and viewers that are bound", () => {
    const where = at(textToImage());
    const made = toggleOutput(toggleInput(NO_FUNCTION, where, "2", "text"), where, "6", 0);
    const marks = marksOf(made, where);
    expect([...marks.keys()]).toEqual(["2", "6", "7"]);
    expect(marks.get("2")?.inputs.get("text")).toBe("prompt");
    expect(marks.get("6")?.outputs.get(0)).toBe("image");
    expect(marks.get("7")?.shows).toBe("image");
  });

  it("are at an instance outside and at its node inside", () => {
    const document = withSubgraph();
    const made = toggleInput(NO_FUNCTION, at(document), "10", "steps");
    expect(marksOf(made, at(document)).get("10")?.inputs.get("steps")).toBe("steps");
    expect(marksOf(made, at(document)).get("11")).toBeUndefined();
    expect(
      marksOf(made, at(document, PART, ["10"]))
        .get("1")
        ?.inputs.get("steps"),
    ).toBe("steps");
    expect(marksOf(made, at(document, PART, ["11"])).size).toBe(0);
  });

  it("are at a primitive and at all it feeds", () => {
    const where = at(withPrimitive());
    const made = toggleInput(NO_FUNCTION, where, "20", "steps");
    const marks = marksOf(made, where);
    expect([...marks.keys()].toSorted()).toEqual(["20", "4", "5"]);
  });
});

describe("names", () => {
  it("say what an input is for", () => {
    expect(nameFor({ name: "seed", title: "My sampler", feeds: null }, [])).toBe("seed");
    expect(nameFor({ name: "text", title: "Lens & Light", feeds: "positive" }, [])).toBe("lens_light");
    expect(nameFor({ name: "text", title: null, feeds: "positive" }, ["prompt"])).toBe("prompt_1");
    expect(nameFor({ name: "ckpt_name", title: null, feeds: null }, [])).toBe("ckpt_name");
  });

  it("are always allowed", () => {
    for (const text of ["Größe", "提示词", "7 up", "LATENT", "aB", "__x__", "x".repeat(99)]) {
      const name = nameFor({ name: text, title: null, feeds: null }, []);
      expect(name).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
    }
    expect(slug("Größe in Pixeln")).toBe("grosse_in_pixeln");
  });
});
