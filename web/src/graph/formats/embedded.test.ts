import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { embedded } from "./embedded";
import { fixtureDefs } from "./fixtures";
import { open } from "./open";

const FOLDER = fileURLToPath(new URL("./media/files/", import.meta.url));
const file = (name: string) => new Uint8Array(readFileSync(`${FOLDER}${name}`));

const PROMPT = { "1": { class_type: "Noté", inputs: { text: "雪, é" } } };
const WORKFLOW = { nodes: [], links: [], extra: { é: "雪" }, version: 0.4 };

describe("what media were made with", () => {
  it.each([
    ["text.png", "png"],
    ["compressed.png", "png"],
    ["international.png", "png"],
    ["both.png", "png"],
    ["animated.png", "png"],
    ["picture.webp", "webp"],
    ["picture.jpg", "jpeg"],
    ["picture.avif", "avif"],
    ["sound.flac", "flac"],
    ["sound.opus", "ogg"],
    ["sound.mp3", "mp3"],
    ["film.mp4", "mp4"],
    ["comment.mp4", "mp4"],
    ["film.webm", "webm"],
    ["drawing.svg", "svg"],
    ["scene.glb", "glb"],
    ["latent.latent", "safetensors"],
  ])("is found in %s", async (name, format) => {
    const found = await embedded(file(name));
    expect(found?.format).toBe(format);
    expect(JSON.parse(found?.prompt ?? "null")).toEqual(PROMPT);
    expect(JSON.parse(found?.workflow ?? "null")).toEqual(WORKFLOW);
  });

  it.each(["parameters.png", "comment.jpg"])(
    "is found in the text of other interfaces in %s",
    async (name) => {
      const found = await embedded(file(name));
      expect(found?.parameters).toContain("Steps: 12, Sampler: DPM++ 2M Karras");
      const { document } = await open(file(name), fixtureDefs());
      const types = Object.values(document.graphs.by["root"]?.nodes.by ?? {}).map(({ type }) => type);
      expect(types).toContain("KSampler");
    },
  );

  it("is nothing for text and for files we do not know", async () => {
    expect(await embedded(new TextEncoder().encode('{"nodes": []}'))).toBeNull();
    expect(await embedded(new Uint8Array())).toBeNull();
  });

  it("is said to be nothing in a picture without one", async () => {
    await expect(open(file("plain.png"), fixtureDefs())).rejects.toMatchObject({
      code: "no-workflow-inside",
    });
  });

  it.each([
    "text.png",
    "compressed.png",
    "picture.webp",
    "sound.flac",
    "film.mp4",
    "latent.latent",
    "picture.avif",
  ])("is said to be damaged, or found, wherever %s was cut off", async (name) => {
    const whole = file(name);
    for (let length = 0; length < whole.length; length += 7) {
      const found = await embedded(whole.subarray(0, length)).catch((error: unknown) => error);
      if (found instanceof Error) expect(found).toMatchObject({ name: "FormatError" });
    }
  });

  it("survives any bytes behind a known mark", async () => {
    const whole = file("film.webm");
    for (let seed = 1; seed < 200; seed += 1) {
      const changed = whole.slice();
      for (let at = 4 + (seed % 5); at < changed.length; at += seed)
        changed[at] = (at * 31 + seed * 17) & 0xff;
      const found = await embedded(changed).catch((error: unknown) => error);
      if (found instanceof Error) expect(found).toMatchObject({ name: "FormatError" });
    }
  });

  it("prefers the workflow to the prompt, and takes the prompt when the workflow is broken", async () => {
    const text = (workflow: string) =>
      new TextEncoder().encode(
        `<svg><metadata><![CDATA[${JSON.stringify({ workflow, prompt: PROMPT })}]]></metadata></svg>`,
      );
    const whole = await open(text(JSON.stringify(WORKFLOW)), new Map());
    expect(whole.document.graphs.by["root"]?.nodes.ids).toEqual([]);
    const broken = await open(text("{broken"), new Map());
    expect(broken.document.graphs.by["root"]?.nodes.ids).toEqual(["1"]);
  });
});
