import { describe, expect, it } from "vitest";
import { Draft } from "../change";
import { type Document, ROOT } from "../document";
import { makeSubgraph } from "../edit/makeSubgraph";
import { unpack } from "../edit/unpack";
import { isHost, isVirtual } from "../kinds";
import { fixtureDefs, fixtureNames, fixtureText } from "./fixtures";
import { read } from "./read";
import { type ApiPrompt, linkedTo, toApi } from "./toApi";
import { write } from "./write";

const defs = fixtureDefs();

/** What a prompt computes, whatever its nodes are called: each node by its class, values and what feeds it. */
function meaning(prompt: ApiPrompt): string[] {
  const known = new Map<string, string>();
  const of = (id: string): string => {
    const done = known.get(id);
    if (done !== undefined) return done;
    const entry = prompt[id];
    const inputs = Object.entries(entry?.inputs ?? {}).map(([name, value]) => {
      const origin = linkedTo(value);
      return [
        name,
        origin === null ? value : [of(origin), Array.isArray(value) ? (value[1] ?? 0) : 0],
      ] as const;
    });
    const text = JSON.stringify([
      entry?.class_type,
      entry?._meta.title,
      inputs.sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    known.set(id, text);
    return text;
  };
  return Object.keys(prompt).map(of).sort();
}

const saved = (document: Document) => read(JSON.stringify(write(document)), defs).document;

describe.each(fixtureNames())("the nodes of %s in a subgraph", (name) => {
  const { document } = read(fixtureText(name), defs);
  const nodes = document.graphs.by[ROOT]?.nodes;
  const before = meaning(toApi(document, defs).prompt);

  it("compute the same, saved and opened too, and the same again unpacked", () => {
    const inside = (nodes?.ids ?? []).filter((key) => {
      const type = nodes?.by[key]?.type ?? "";
      // What shows pictures stays outside, as people do it; what is only on the canvas, where it may be anything.
      return (
        nodes?.by[key]?.mode === 0 &&
        !/^(Save|Preview)/.test(type) &&
        !isVirtual(type) &&
        !isHost(document, type)
      );
    });
    const draft = new Draft(document);
    const made = makeSubgraph(draft, defs, ROOT, inside, "Inside");
    if (!made.ok) return expect(made.code).toBe("cycle");
    expect(meaning(toApi(draft.document, defs).prompt)).toEqual(before);
    expect(meaning(toApi(saved(draft.document), defs).prompt)).toEqual(before);
    const host = draft.graph(ROOT).nodes.ids.find((key) => !nodes?.ids.includes(key)) ?? "";
    unpack(draft, defs, ROOT, host);
    expect(meaning(toApi(saved(draft.document), defs).prompt)).toEqual(before);
  });
});
