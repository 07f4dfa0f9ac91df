import { describe, expect, it } from "vitest";
import { Draft } from "../change";
import { type Defs, readDefs } from "../defs";
import { ROOT } from "../document";
import { documentOf, graphOf, linkOf, nodeIn, nodeOf, slotOf, wires } from "../toys";
import { readWidgets } from "../widgets";
import { changeClass, classOfRelease, compareReleases, interfaceChanges, pinnedOf } from "./upgrade";

const OLD = "workflow/Portrait@1.0.0";
const NEW = "workflow/Portrait@2.0.0";

const DEFS: Defs = readDefs({
  [OLD]: {
    input: {
      required: {
        prompt: ["STRING", { default: "a fox" }],
        seed: ["INT", { default: 1, control_after_generate: true }],
        steps: ["INT", { default: 8 }],
        image: ["IMAGE"],
      },
    },
    output: ["IMAGE", "MASK"],
    output_name: ["picture", "mask"],
  },
  [NEW]: {
    input: {
      required: {
        prompt: ["STRING", { default: "a fox" }],
        cfg: ["FLOAT", { default: 4 }],
        seed: ["INT", { default: 1, control_after_generate: true }],
        steps: ["INT", { default: 12 }],
      },
      optional: { image: ["IMAGE"] },
    },
    output: ["MASK", "IMAGE"],
    output_name: ["mask", "picture"],
  },
  Load: { input: { required: {} }, output: ["IMAGE"] },
  Save: { input: { required: { images: ["IMAGE"] } }, output: [], output_node: true },
});

function def(name: string) {
  const found = DEFS.get(name);
  if (found === undefined) throw new Error(name);
  return found;
}

const DOCUMENT = documentOf(
  graphOf(
    [
      nodeOf(1, "Load", { outputs: [slotOf("IMAGE", "IMAGE")] }),
      nodeOf(2, OLD, { title: "Mine", color: "#223", values: ["an owl", 7, "increment", 8] }),
      nodeOf(3, "Save", { inputs: [slotOf("images", "IMAGE")] }),
    ],
    [linkOf(1, "1:0", "2:image", "IMAGE"), linkOf(2, "2:0", "3:images", "IMAGE")],
  ),
);

describe("the class of a published workflow", () => {
  it("names the workflow and the release", () => {
    expect(pinnedOf("workflow/Text to image@1.2.0")).toEqual({ name: "Text to image", release: "1.2.0" });
    for (const type of ["KSampler", "workflow/Group", "workflow/@1.0.0", "workflow/a@", "a@1.0.0"]) {
      expect(pinnedOf(type)).toBeNull();
    }
    expect(classOfRelease({ name: "A", release: "1.0.0" })).toBe("workflow/A@1.0.0");
  });

  it("is newer by number", () => {
    const releases = ["1.10.0", "1.9.3", "2.0.0", "1.9.12"];
    expect(releases.toSorted(compareReleases)).toEqual(["1.9.3", "1.9.12", "1.10.0", "2.0.0"]);
  });
});

describe("changing to another release", () => {
  const draft = new Draft(DOCUMENT);
  changeClass(draft, DEFS, ROOT, "2", def(OLD), def(NEW));
  const node = nodeIn(draft.document, "2");

  it("keeps what was set and takes the new default for what was not", () => {
    const { values, controls } = readWidgets(node, def(NEW));
    expect(Object.fromEntries(values)).toEqual({ prompt: "an owl", cfg: 4, seed: 7, steps: 12 });
    expect(controls.get("seed")).toBe("increment");
    expect(node).toMatchObject({ type: NEW, title: "Mine", color: "#223" });
  });

  it("keeps links by name, also where outputs changed places", () => {
    expect(wires(draft.document)).toEqual(["1:0 > 2:image", "2:1 > 3:images"]);
  });

  it("lets links go that no socket takes any more", () => {
    const back = new Draft(draft.document);
    changeClass(back, DEFS, ROOT, "2", def(NEW), def("Save"));
    expect(wires(back.document)).toEqual([]);
  });

  it("is told before", () => {
    expect(interfaceChanges(def(OLD), def(NEW))).toEqual([
      { kind: "added", side: "input", name: "cfg", before: "", after: "FLOAT" },
      { kind: "default", side: "input", name: "steps", before: "8", after: "12" },
    ]);
    expect(interfaceChanges(def(OLD), def("Save")).map((one) => `${one.kind} ${one.name}`)).toContain(
      "removed prompt",
    );
  });
});
