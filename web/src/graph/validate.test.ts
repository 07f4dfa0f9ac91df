import { describe, expect, test } from "vitest";
import { Draft } from "./change";
import { type Document, Mode, type NodeRecord, ROOT } from "./document";
import { link, removeNodes, setMode, setWidget, unlink } from "./edit/index";
import { DEFS, linkOf, nodeIn, nodeOf, PART, textToImage, withSubgraph } from "./toys";
import { validate } from "./validate";

function problems(edit: (draft: Draft) => void, document: Document = textToImage()): string[] {
  const draft = new Draft(document);
  edit(draft);
  return validate(draft.document, DEFS).map(
    ({ code, node, input }) => `${node ?? "-"} ${input ?? "-"} ${code}`,
  );
}
const change = (draft: Draft, key: string, more: Partial<NodeRecord>) =>
  draft.put(ROOT, "nodes", key, { ...nodeIn(draft.document, key), ...more });

test("a sound workflow has none", () => expect(problems(() => {})).toEqual([]));

describe("what is missing", () => {
  test("a socket without a link", () => {
    expect(problems((draft) => unlink(draft, DEFS, ROOT, [4]))).toEqual([
      "5 positive required_input_missing",
    ]);
  });

  test("a link from what is muted, but not through what is bypassed", () => {
    expect(problems((draft) => setMode(draft, ROOT, ["2"], Mode.MUTE))).toEqual([
      "5 positive required_input_missing",
    ]);
    expect(problems((draft) => setMode(draft, ROOT, ["5"], Mode.BYPASS))).toEqual([]);
  });

  test("anything to run", () => {
    expect(problems((draft) => removeNodes(draft, DEFS, ROOT, ["7"]))).toEqual(["- - prompt_no_outputs"]);
    expect(problems((draft) => setMode(draft, ROOT, ["7"], Mode.MUTE))).toEqual(["- - prompt_no_outputs"]);
  });

  test("a class", () => {
    const edit = (draft: Draft) => draft.put(ROOT, "nodes", "9", nodeOf(9, "Strange"));
    expect(problems(edit)).toEqual(["9 - missing_node_type"]);
  });

  test("nothing where no output needs it", () => {
    expect(problems((draft) => draft.put(ROOT, "nodes", "9", nodeOf(9, "KSampler")))).toEqual([]);
  });
});

describe("what does not fit", () => {
  test.each([
    ["steps", 0, "value_smaller_than_min"],
    ["steps", 10001, "value_bigger_than_max"],
    ["sampler_name", "gone", "value_not_in_list"],
  ])("%s = %j", (name, value, code) => {
    expect(problems((draft) => setWidget(draft, DEFS, ROOT, "5", name, value))).toEqual([
      `5 ${name} ${code}`,
    ]);
  });

  test("a word for a number", () => {
    const edit = (draft: Draft) => change(draft, "5", { values: { steps: "many" } });
    expect(problems(edit)).toEqual(["5 steps invalid_input_type"]);
  });

  test("a value is not looked at where a link replaces it", () => {
    const edit = (draft: Draft) => {
      setWidget(draft, DEFS, ROOT, "5", "steps", 0);
      draft.put(ROOT, "nodes", "9", nodeOf(9, "ImageOrMask"));
      link(draft, DEFS, ROOT, { node: "9", slot: 0 }, { node: "5", input: "steps" });
    };
    expect(problems(edit).sort()).toEqual([
      "9 anything required_input_missing",
      "9 value required_input_missing",
    ]);
  });

  test("a link of another type", () => {
    const edit = (draft: Draft) => draft.put(ROOT, "links", "1", linkOf(1, "1:1", "5:model", "CLIP"));
    expect(problems(edit)).toEqual(["5 model return_type_mismatch"]);
  });

  test("a circle, on each of its nodes and none else", () => {
    const edit = (draft: Draft) => {
      draft.put(ROOT, "nodes", "8", nodeOf(8, "VAEEncode"));
      draft.put(ROOT, "links", "10", linkOf(10, "6:0", "8:pixels", "IMAGE"));
      draft.put(ROOT, "links", "11", linkOf(11, "1:2", "8:vae", "VAE"));
      draft.put(ROOT, "links", "6", linkOf(6, "8:0", "5:latent_image", "LATENT"));
    };
    expect(problems(edit).sort()).toEqual([
      "5 - dependency_cycle",
      "6 - dependency_cycle",
      "8 - dependency_cycle",
    ]);
    const draft = new Draft(textToImage());
    edit(draft);
    expect(validate(draft.document, DEFS)[0]?.params["path"]).toMatch(/^(.*) → .* → .* → \1$/);
  });
});

test("problems inside a subgraph are told by the way to them", () => {
  const document = withSubgraph();
  const edit = (draft: Draft) => {
    draft.put(ROOT, "nodes", "7", nodeOf(7, "SaveImage"));
    link(draft, DEFS, ROOT, { node: "6", slot: 0 }, { node: "7", input: "images" });
    link(draft, DEFS, ROOT, { node: "1", slot: 2 }, { node: "6", input: "vae" });
    setWidget(draft, DEFS, ROOT, "11", "steps", 0);
  };
  expect(nodeIn(document, "1", PART).type).toBe("KSampler");
  expect(problems(edit, document).sort()).toEqual([
    ...["10:1 negative required_input_missing", "10:1 positive required_input_missing"],
    ...["11:1 negative required_input_missing", "11:1 positive required_input_missing"],
    "11:1 steps value_smaller_than_min",
  ]);
});
