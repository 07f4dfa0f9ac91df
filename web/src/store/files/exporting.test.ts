import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readDefs } from "@/graph/defs";
import { read } from "@/graph/formats/read";
import type { JsonObject } from "@/graph/json";
import { useDefs } from "@/store/defs";
import { startPersistence, workspace } from "@/store/persist";
import { NOTHING } from "@/store/persist/workspace";
import { exportApi, exportOurs, exportUi } from "./exporting";

const FILE: JsonObject = {
  last_node_id: 1,
  last_link_id: 0,
  nodes: [
    {
      id: 1,
      type: "CLIPTextEncode",
      pos: [0, 0],
      size: [400, 200],
      flags: {},
      order: 0,
      mode: 0,
      inputs: [{ name: "clip", type: "CLIP", link: null }],
      outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [] }],
      properties: { "Node name for S&R": "CLIPTextEncode" },
      widgets_values: ["a {red|red} fox"],
    },
  ],
  links: [],
  groups: [],
  config: {},
  extra: { ds: { scale: 1, offset: [0, 0] } },
  version: 0.4,
};
const DEFS = readDefs({
  CLIPTextEncode: {
    input: { required: { text: ["STRING", { multiline: true, dynamicPrompts: true }], clip: ["CLIP"] } },
    output: ["CONDITIONING"],
    output_name: ["CONDITIONING"],
  },
});

describe("exports", () => {
  let saved: { name: string; json: JsonObject }[];

  beforeEach(async () => {
    const blobs: Blob[] = [];
    saved = [];
    vi.stubGlobal("window", { addEventListener() {} });
    vi.stubGlobal("document", {
      addEventListener() {},
      createElement: () => ({
        download: "",
        async click(this: { download: string }) {
          const { download } = this;
          saved.push({ name: download, json: JSON.parse((await blobs.at(-1)?.text()) ?? "null") });
        },
      }),
    });
    vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      blobs.push(blob as Blob);
      return "blob:";
    });
    useDefs.setState({ status: "ready", defs: DEFS });
    await startPersistence(async () => NOTHING);
    workspace().open({ ...NOTHING, document: read(FILE).document, name: "animals/fox" });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
  const written = () => vi.waitFor(() => saved.at(-1) ?? Promise.reject(new Error("nothing yet")));

  it("give ComfyUI's canvas the file as it was", async () => {
    exportUi();
    expect(await written()).toEqual({ name: "fox.json", json: FILE });
  });

  it("say in ours what it is called here, and can be read back without a trace in ComfyUI's", async () => {
    exportOurs();
    const { json } = await written();
    expect(json["extra"]).toMatchObject({ darkroom: { version: 1, name: "fox" } });
    workspace().open({ ...NOTHING, document: read(json).document, title: "again" });
    saved = [];
    exportUi();
    expect(await written()).toEqual({ name: "again.json", json: FILE });
  });

  it("give programs the prompt, with what a run would fill in", async () => {
    await exportApi();
    expect(await written()).toEqual({
      name: "fox_api.json",
      json: {
        "1": {
          class_type: "CLIPTextEncode",
          inputs: { text: "a red fox" },
          _meta: { title: "CLIPTextEncode" },
        },
      },
    });
  });
});
