import { expect, it } from "vitest";
import type { JsonObject } from "../json";
import { fixtureDefs } from "./fixtures";
import { fromApi } from "./fromApi";
import { read } from "./read";
import { toApi } from "./toApi";
import { write } from "./write";

const defs = fixtureDefs();

/** A chain of samplers, all fed by one loader and two texts. */
function chain(length: number): JsonObject {
  const entries: Record<string, JsonObject> = {
    "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "a.safetensors" } },
    "2": { class_type: "CLIPTextEncode", inputs: { clip: ["1", 1], text: "a fox" } },
    "3": { class_type: "EmptyLatentImage", inputs: { width: 512, height: 512, batch_size: 1 } },
  };
  for (let id = 4; id <= length; id += 1) {
    const links = {
      model: ["1", 0],
      positive: ["2", 0],
      negative: ["2", 0],
      latent_image: [String(id - 1), 0],
    };
    const values = { seed: id, steps: 20, cfg: 8, sampler_name: "euler", scheduler: "normal", denoise: 1 };
    entries[String(id)] = { class_type: "KSampler", inputs: { ...links, ...values } };
  }
  return entries;
}

/** CPU time in ms: on a machine that has other work, too, the clock would count that as well. */
function timeOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

/** The best of many runs, as others also empty the processor's caches and slow it down. */
function best(runs: number, time: () => number): number {
  return Math.min(...Array.from({ length: runs }, time));
}

it("converts 1,000 nodes at once, and four times as many in about four times the time", () => {
  const [first = 0, fourfold = 0] = [1_000, 4_000].map((size) => {
    const file = JSON.stringify(write(fromApi(chain(size), defs).document));
    return best(10, () => {
      // A copy each time: nothing may hide behind what was remembered of the same records.
      const { document } = read(file);
      return timeOf(() => toApi(document, defs));
    });
  });
  // It takes some 15 ms; the rest is for machines that are slow today.
  expect(first).toBeLessThan(60);
  // Twice as steep as a line, for what else the machine does.
  expect(fourfold).toBeLessThan(8 * first + 20);
}, 60_000);

it("goes through a chain of 3,000 reroutes with a consumer each in time that grows with the chain only", () => {
  const [short = 0, long = 0] = [300, 3_000].map((size) => best(5, () => rerouted(size)));
  expect(long).toBeLessThan(40 * short + 20);
}, 60_000);

function rerouted(length: number): number {
  const nodes: JsonObject[] = [{ id: 1, type: "LoadImage", outputs: [{ name: "IMAGE", type: "IMAGE" }] }];
  const links: [number, number, number, number, number, string][] = [];
  for (let id = 2; id < length * 2; id += 2) {
    const from = id === 2 ? 1 : id - 2;
    links.push([id, from, 0, id, 0, "*"], [id + 1, id, 0, id + 1, 0, "*"]);
    nodes.push({
      id,
      type: "Reroute",
      inputs: [{ name: "", type: "*", link: id }],
      outputs: [{ name: "", type: "*" }],
    });
    nodes.push({
      id: id + 1,
      type: "PreviewImage",
      inputs: [{ name: "images", type: "IMAGE", link: id + 1 }],
    });
  }
  // The last consumer comes first, so that nothing is known of the way when it is asked for.
  const { document } = read({ nodes: nodes.toReversed(), links, version: 0.4 });
  let answer = {};
  const time = timeOf(() => {
    answer = toApi(document, defs).prompt[String(length * 2 - 1)]?.inputs ?? {};
  });
  expect(answer).toEqual({ images: ["1", 0] });
  return time;
}
