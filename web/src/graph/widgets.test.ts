import { describe, expect, it } from "vitest";
import { type NodeDef, readDef } from "./defs";
import type { NodeRecord } from "./document";
import type { Json } from "./json";
import { nodeOf } from "./toys";
import {
  type Control,
  freshValues,
  places,
  readWidgets,
  writeControl,
  writeFilter,
  writeWidget,
} from "./widgets";

const def = (required: Record<string, Json>, optional: Record<string, Json> = {}): NodeDef =>
  readDef("X", { input: { required, optional } });

const node = (values: Json): NodeRecord => nodeOf(1, "X", { values });

const sampler = def({
  model: ["MODEL"],
  seed: ["INT", { default: 0, min: 0, max: 2 ** 50 }],
  steps: ["INT", { default: 20 }],
  cfg: ["FLOAT", { default: 8.0 }],
  sampler_name: [["euler", "heun"]],
  positive: ["CONDITIONING"],
  tiled: ["BOOLEAN", { default: true }],
});
const combo = def({
  ckpt: ["COMBO", { options: ["a", "b"], control_after_generate: true }],
  text: ["STRING", {}],
});
const upload = def({ image: [["a.png"], { image_upload: true }], channel: [["red", "alpha"]] });
const forced = def({
  text: ["STRING", {}],
  strength: ["FLOAT", { forceInput: true }],
  steps: ["INT", { default: 20 }],
});

const remote = def({
  image: ["COMBO", { remote: { route: "/x" }, image_upload: true }],
  after: ["INT"],
});

const read = (of: NodeDef, values: Json) => Object.fromEntries(readWidgets(node(values), of).values);
const kinds = (of: NodeDef) => places(of).map(({ input, kind }) => `${input.name} ${kind}`);

describe("the places of a list", () => {
  it("are those of the widgets, with a control behind each seed", () => {
    expect(kinds(sampler)).toEqual([
      ...["seed value", "seed control", "steps value", "cfg value", "sampler_name value", "tiled value"],
    ]);
  });

  it("have a control and a filter behind a choice that moves", () => {
    expect(kinds(combo)).toEqual(["ckpt value", "ckpt control", "ckpt filter", "text value"]);
  });

  it("end with the button of the first upload", () => {
    expect(kinds(upload)).toEqual(["image value", "channel value", "image button"]);
  });

  it("have a control where the class asks for one, and none where it refuses", () => {
    const asks = def({
      number: ["INT", { control_after_generate: "after" }],
      seed: ["INT", { control_after_generate: false }],
      fraction: ["FLOAT", { control_after_generate: true }],
      noise_seed: ["INT"],
    });
    expect(kinds(asks).filter((place) => place.endsWith("control"))).toEqual([
      "number control",
      "noise_seed control",
    ]);
  });

  it("have none for sockets, forced ones included, and one for a widget of another type", () => {
    expect(kinds(forced)).toEqual(["text value", "steps value"]);
    expect(kinds(def({ x: ["MY_TYPE", { widgetType: "FLOAT" }] }))).toEqual(["x value"]);
  });
});

describe("reading", () => {
  const full = { seed: 7, steps: 30, cfg: 6.5, sampler_name: "heun", tiled: false };

  it("goes by place", () => {
    expect(read(sampler, [7, "randomize", 30, 6.5, "heun", false])).toEqual(full);
  });

  it("takes defaults for what is missing, and for nothing at all", () => {
    expect(read(sampler, [7, "fixed", 30])).toEqual({ ...full, cfg: 8, sampler_name: "euler", tiled: true });
    const defaults = { seed: 0, steps: 20, cfg: 8, sampler_name: "euler", tiled: true };
    expect(read(sampler, [])).toEqual(defaults);
    expect(read(sampler, null)).toEqual(defaults);
    expect(read(sampler, [null, "fixed", null, null])).toEqual(defaults);
  });

  it("knows lists older than controls", () => {
    expect(read(sampler, [7, 30, 6.5, "heun", false])).toEqual(full);
  });

  it("reads a control that is true or false", () => {
    for (const [value, control] of [
      [true, "randomize"],
      [false, "fixed"],
    ] as const) {
      expect(readWidgets(node([7, value, 30]), sampler).controls.get("seed")).toBe(control);
    }
  });

  it("leaves a seed alone whose control is not in the file", () => {
    expect(readWidgets(node([]), sampler).controls.get("seed")).toBe("fixed");
  });

  it("drops the places of inputs that became sockets", () => {
    expect(read(forced, ["x", 0.5, 30])).toEqual({ text: "x", steps: 30 });
    expect(read(forced, ["x", 30])).toEqual({ text: "x", steps: 30 });
  });

  it("skips a value that is nobody's, and finds an extra in another place", () => {
    const list = (...values: Json[]) => read(sampler, values);
    expect(list(7, "randomize", "stray", 30, 6.5, "heun", false)).toEqual(full);
    expect(list([1], 7, "randomize", 30, 6.5, "heun", false)).toEqual(full);
    expect(list(7, 30, "randomize", 6.5, "heun", false)).toEqual(full);
    expect(read(upload, ["a.png", "image", "red"])).toEqual({ image: "a.png", channel: "image" });
    const early = def({ image: [["a.png"], { image_upload: true }], size: ["INT"] });
    expect(read(early, ["a.png", "image", 4])).toEqual({ image: "a.png", size: 4 });
  });

  it("leaves a value in its place that no extra explains", () => {
    const size = def({ width: ["INT"], height: ["INT"] });
    expect(read(size, ["wide", 5])).toEqual({ width: "wide", height: 5 });
    expect(readWidgets(node(["wide", 5]), size).misfits).toEqual(["width"]);
  });

  it("knows what follows the choices of another server", () => {
    expect(read(remote, ["x.png", false, "refresh", 8, "image"])).toEqual({ image: "x.png", after: 8 });
  });

  it("goes by name where the file does, and ignores names it does not know", () => {
    expect(read(sampler, { cfg: 3, extra: 1 })).toEqual({
      seed: 0,
      steps: 20,
      cfg: 3,
      sampler_name: "euler",
      tiled: true,
    });
  });

  it("keeps choices that are gone, and says what does not fit", () => {
    const widgets = readWidgets(node([7, "fixed", "many", 6.5, "gone", false]), sampler);
    expect(widgets.values.get("sampler_name")).toBe("gone");
    expect(widgets.misfits).toEqual(["steps"]);
    expect(widgets.values.get("steps")).toBe("many");
  });

  it("takes several choices where the class allows them", () => {
    const many = def({ tags: ["COMBO", { options: ["a", "b"], multi_select: true }] });
    const widgets = readWidgets(node([["a", "b"]]), many);
    expect([widgets.values.get("tags"), widgets.misfits]).toEqual([["a", "b"], []]);
  });
});

describe("writing", () => {
  it("completes the list and keeps what stands behind it", () => {
    const values = writeWidget(
      node([7, "increment", 30, 8, "euler", true, "viewer", null]),
      sampler,
      "cfg",
      2,
    ).values;
    expect(values).toEqual([7, "increment", 30, 2, "euler", true, "viewer", null]);
    expect(writeWidget(node([]), sampler, "steps", 3).values).toEqual([0, "fixed", 3, 8, "euler", true]);
  });

  it("gives old lists the form of today", () => {
    expect(writeWidget(node([7, 30, 6.5, "heun", false]), sampler, "steps", 31).values).toEqual([
      7,
      "fixed",
      31,
      6.5,
      "heun",
      false,
    ]);
    expect(writeWidget(node(["x", 0.5, 30]), forced, "steps", 31).values).toEqual(["x", 31]);
  });

  it("sets controls and filters and leaves the values", () => {
    const control: Control = "increment-wrap";
    const set = writeFilter(
      writeControl(node(["b", "fixed", "", "t"]), combo, "ckpt", control),
      combo,
      "ckpt",
      "x",
    );
    expect(set.values).toEqual(["b", control, "x", "t"]);
  });

  it("keeps the button, or writes the usual one", () => {
    expect(writeWidget(node(["a.png", "red", ""]), upload, "image", "b.png").values).toEqual([
      "b.png",
      "red",
      "",
    ]);
    expect(writeWidget(node([]), upload, "image", "b.png").values).toEqual(["b.png", "red", "image"]);
  });

  it("keeps what follows the choices of another server", () => {
    const list = ["x.png", true, "refresh", 8, "image"];
    expect(writeWidget(node(list), remote, "after", 9).values).toEqual([
      "x.png",
      true,
      "refresh",
      9,
      "image",
    ]);
  });

  it("goes by name where the file does", () => {
    expect(writeWidget(node({ cfg: 3, extra: 1 }), sampler, "cfg", 4).values).toEqual({ cfg: 4, extra: 1 });
  });

  it("of a new node draws a new seed each time", () => {
    expect(freshValues(sampler)).toEqual([0, "randomize", 20, 8, "euler", true]);
    expect(freshValues(combo)).toEqual(["a", "fixed", "", ""]);
  });
});
