/** The text other web interfaces write into pictures, as a text-to-image workflow that makes such a picture. */
import type { Defs } from "../defs";
import type { Json, JsonObject } from "../json";
import { fromApi } from "./fromApi";
import type { ReadResult } from "./read";

export interface Parameters {
  readonly positive: string;
  readonly negative: string;
  /** `Steps`, `Sampler` and what else the last line names, by lower-case name. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface Lora {
  readonly name: string;
  readonly strength: number;
}

/** Null if the text is of another kind. */
export function readParameters(text: string): Parameters | null {
  const lines = text.trim().split(/\r?\n/);
  const at = lines.findLastIndex((line) => /^Steps: \d+/.test(line));
  if (at < 0) return null;
  const above = lines.slice(0, at).join("\n");
  const mark = /^Negative prompt: ?/m.exec(above);
  const end = mark?.index ?? above.length;
  return {
    positive: above.slice(0, end).trim(),
    negative: mark === null ? "" : above.slice(end + mark[0].length).trim(),
    settings: readSettings(lines[at] ?? ""),
  };
}

/** `Name: value` between commas; a value in quotes may hold commas itself. */
function readSettings(line: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of line.matchAll(
    /\s*([\w \-/]+):\s*(?:"((?:\\.|[^"\\])*)"|([^,]*))(?:,|$)/g,
  )) {
    found.set(name.trim().toLowerCase(), (quoted ?? plain).trim());
  }
  return found;
}

export function fromParameters(text: string, defs: Defs): ReadResult | null {
  const parameters = readParameters(text);
  return parameters === null ? null : fromApi(promptOf(parameters, defs), defs);
}

type Entries = Record<string, JsonObject>;

/** Ids are those of the workflow ComfyUI starts with. */
export function promptOf({ positive, negative, settings }: Parameters, defs: Defs): JsonObject {
  const [width, height] = (settings.get("size") ?? "512x512").split("x").map(Number);
  const skip = Number(settings.get("clip skip") ?? 1);
  const checkpoint = choiceLike(defs, "CheckpointLoaderSimple", "ckpt_name", settings.get("model") ?? "");
  const { text, loras } = lorasIn(positive);
  const entries: Entries = { "4": node("CheckpointLoaderSimple", { ckpt_name: checkpoint }) };
  let [model, clip]: [Json, Json] = [
    ["4", 0],
    ["4", 1],
  ];
  loras.forEach(({ name, strength }, index) => {
    const id = String(20 + index);
    const file = choiceLike(defs, "LoraLoader", "lora_name", name);
    const strengths = { strength_model: strength, strength_clip: strength };
    entries[id] = node("LoraLoader", { model, clip, lora_name: file, ...strengths });
    [model, clip] = [
      [id, 0],
      [id, 1],
    ];
  });
  if (skip > 1) {
    entries["10"] = node("CLIPSetLastLayer", { clip, stop_at_clip_layer: -skip });
    clip = ["10", 0];
  }
  entries["5"] = node("EmptyLatentImage", { width: width || 512, height: height || 512, batch_size: 1 });
  entries["6"] = node("CLIPTextEncode", { clip, text }, "Positive");
  entries["7"] = node("CLIPTextEncode", { clip, text: negative }, "Negative");
  const sampling = {
    seed: Number(settings.get("seed") ?? 0),
    steps: Number(settings.get("steps") ?? 20),
    cfg: Number(settings.get("cfg scale") ?? 7),
    ...samplerOf(settings),
  };
  entries["3"] = sampler(model, ["5", 0], { ...sampling, denoise: 1 });
  const latent = addSecondPass(entries, settings, model, sampling, width || 512, height || 512);
  entries["8"] = node("VAEDecode", { samples: latent, vae: vaeFor(entries, settings, defs) });
  entries["9"] = node("SaveImage", { images: ["8", 0], filename_prefix: "image" });
  return entries;
}

function node(type: string, inputs: JsonObject, title?: string): JsonObject {
  return { class_type: type, inputs, ...(title === undefined ? {} : { _meta: { title } }) };
}

function sampler(model: Json, latent: Json, values: JsonObject): JsonObject {
  return node("KSampler", { model, positive: ["6", 0], negative: ["7", 0], latent_image: latent, ...values });
}

/** "Hires. fix": larger latents, sampled once more with part of the noise. */
function addSecondPass(
  entries: Entries,
  settings: ReadonlyMap<string, string>,
  model: Json,
  sampling: JsonObject,
  width: number,
  height: number,
): Json {
  const factor = Number(settings.get("hires upscale") ?? 0);
  const [toWidth, toHeight] = (settings.get("hires resize") ?? "").split("x").map(Number);
  if (!(factor > 1) && !toWidth) return ["3", 0];
  const size = {
    width: toWidth || Math.round((width * factor) / 8) * 8,
    height: toHeight || Math.round((height * factor) / 8) * 8,
  };
  const steps = Number(settings.get("hires steps") ?? 0) || Number(sampling["steps"]);
  const denoise = Number(settings.get("denoising strength") ?? 0.7);
  const crop = { upscale_method: "bilinear", crop: "disabled" };
  entries["11"] = node("LatentUpscale", { samples: ["3", 0], ...crop, ...size });
  entries["12"] = sampler(model, ["11", 0], { ...sampling, steps, denoise });
  return ["12", 0];
}

function vaeFor(entries: Entries, settings: ReadonlyMap<string, string>, defs: Defs): Json {
  const name = settings.get("vae");
  if (name === undefined || /^(none|automatic)$/i.test(name)) return ["4", 2];
  entries["13"] = node("VAELoader", { vae_name: choiceLike(defs, "VAELoader", "vae_name", name) });
  return ["13", 0];
}

/** `<lora:name:0.8>` in a text stands for a file and how strongly it counts. */
export function lorasIn(text: string): { text: string; loras: Lora[] } {
  const loras: Lora[] = [];
  const rest = text.replace(/<lora:([^:>]+)(?::([-\d.]+))?[^>]*>/g, (_, name: string, strength?: string) => {
    loras.push({ name, strength: strength === undefined ? 1 : Number(strength) });
    return "";
  });
  const tidy = rest.replace(/(,\s*)+(?=,|$)/g, "").trim();
  return { text: loras.length === 0 ? text : tidy, loras };
}

/** The server's name of a file that is called without folder and ending; else the name with the usual ending. */
function choiceLike(defs: Defs, type: string, input: string, name: string): string {
  const choices = defs.get(type)?.inputs.find((one) => one.name === input)?.choices ?? [];
  const bare = (path: string) => (path.split(/[/\\]/).at(-1) ?? "").replace(/\.\w+$/, "").toLowerCase();
  const known = choices.find((choice) => typeof choice === "string" && bare(choice) === bare(name));
  if (typeof known === "string") return known;
  return name === "" || /\.\w+$/.test(name) ? name : `${name}.safetensors`;
}

const SAMPLERS: Readonly<Record<string, string>> = {
  euler: "euler",
  "euler a": "euler_ancestral",
  heun: "heun",
  lms: "lms",
  dpm2: "dpm_2",
  "dpm2 a": "dpm_2_ancestral",
  "dpm++ 2s a": "dpmpp_2s_ancestral",
  "dpm++ 2m": "dpmpp_2m",
  "dpm++ sde": "dpmpp_sde",
  "dpm++ 2m sde": "dpmpp_2m_sde",
  "dpm++ 3m sde": "dpmpp_3m_sde",
  "dpm fast": "dpm_fast",
  "dpm adaptive": "dpm_adaptive",
  ddim: "ddim",
  unipc: "uni_pc",
  lcm: "lcm",
};
const SCHEDULES: Readonly<Record<string, string>> = {
  karras: "karras",
  exponential: "exponential",
  "sgm uniform": "sgm_uniform",
  simple: "simple",
  normal: "normal",
  "ddim uniform": "ddim_uniform",
  beta: "beta",
  uniform: "normal",
};

/** The schedule has a name of its own in newer texts, and is the last word of the sampler in older ones. */
function samplerOf(settings: ReadonlyMap<string, string>): { sampler_name: string; scheduler: string } {
  const full = (settings.get("sampler") ?? "euler").toLowerCase();
  const last = /^(.*) (karras|exponential)$/.exec(full);
  const name = last?.[1] ?? full;
  const schedule = last?.[2] ?? (settings.get("schedule type") ?? "normal").toLowerCase();
  return { sampler_name: SAMPLERS[name] ?? name, scheduler: SCHEDULES[schedule] ?? "normal" };
}
