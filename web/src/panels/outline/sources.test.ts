import { beforeEach, describe, expect, it } from "vitest";
import { type Document, ROOT } from "@/graph/document";
import { DEFS, graphIn, textToImage, wires, withSubgraph } from "@/graph/toys";
import { useDefs } from "@/store/defs";
import { enter, open, undo, useEditor } from "@/store/editor";
import { chooseSource, NO_SOURCE, sourcesFor, sourceValue } from "./sources";

const NEGATIVE = { node: "5", input: "negative" };
const words = (document: Document, to = NEGATIVE) =>
  sourcesFor(document, DEFS, ROOT, to).map(({ title, socket, value }) => `${title} ${socket} ${value}`);

beforeEach(() => {
  useDefs.setState({ defs: DEFS, status: "ready" });
  open({ docId: "a", name: null, document: textToImage() });
});
const shown = () => useEditor.getState().document;

describe("what an input can be wired to", () => {
  it("are the outputs of its type, by the names of their nodes", () => {
    expect(words(shown())).toEqual([
      "CLIP Text Encode (Prompt) CONDITIONING 0/2",
      "CLIP Text Encode (Prompt) CONDITIONING 0/3",
    ]);
  });

  it("is nothing that comes after it", () => {
    const latents = words(shown(), { node: "5", input: "latent_image" });
    expect(latents).toEqual(["Empty Latent Image LATENT 0/4"]);
  });

  it("includes the inputs of the subgraph it lies in", () => {
    const document = withSubgraph();
    const host = graphIn(document).nodes;
    const key = host.ids.find((id) => document.graphs.by[host.by[id]?.type ?? ""] !== undefined) ?? "";
    open({ docId: "b", name: null, document });
    enter(key);
    const inside = host.by[key]?.type ?? "";
    const models = sourcesFor(document, DEFS, inside, { node: "1", input: "model" });
    expect(models.map((choice) => choice.value)).toContain(sourceValue({ node: "-10", slot: 0 }));
  });
});

describe("choosing a source", () => {
  it("wires the input to it in place of the old one, as one step", () => {
    const before = wires(shown());
    chooseSource(NEGATIVE, "0/2");
    expect(wires(shown())).toContain("2:0 > 5:negative");
    expect(wires(shown())).not.toContain("3:0 > 5:negative");
    undo();
    expect(wires(shown())).toEqual(before);
  });

  it("of nothing cuts the link", () => {
    chooseSource(NEGATIVE, NO_SOURCE);
    expect(wires(shown()).some((wire) => wire.endsWith("5:negative"))).toBe(false);
  });
});
