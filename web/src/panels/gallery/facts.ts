/** What made a picture, found by walking back from the node that saved it: the things people ask for first. */
import { isObject, type Json, type JsonObject } from "@/graph/json";

/** By name, in the order they are shown. */
export type Facts = ReadonlyMap<FactName, string>;
export type FactName =
  | "positive"
  | "negative"
  | "model"
  | "loras"
  | "seed"
  | "steps"
  | "cfg"
  | "sampler"
  | "scheduler"
  | "denoise"
  | "size";

/** Inputs that name a fact wherever they stand; the first that is met on the way back counts. */
const INPUTS: readonly (readonly [FactName, readonly string[]])[] = [
  ["model", ["ckpt_name", "unet_name", "model_name"]],
  ["loras", ["lora_name"]],
  ["seed", ["seed", "noise_seed"]],
  ["steps", ["steps"]],
  ["cfg", ["cfg"]],
  ["sampler", ["sampler_name"]],
  ["scheduler", ["scheduler"]],
  ["denoise", ["denoise"]],
];

export function factsOf(prompt: JsonObject, output: string | null): Facts {
  const way = wayBack(prompt, output);
  const found = new Map<FactName, string>();
  for (const [fact, side] of [
    ["positive", "positive"],
    ["negative", "negative"],
  ] as const) {
    const text = textBehind(prompt, way, side);
    if (text) found.set(fact, text);
  }
  for (const [fact, names] of INPUTS) {
    const values = way.flatMap((id) => names.map((name) => literal(inputsOf(prompt, id)[name])));
    const known = [...new Set(values.filter((value) => value !== null))];
    const [first] = known;
    if (first !== undefined) found.set(fact, fact === "loras" ? known.join(", ") : first);
  }
  const size = way.map((id) => sizeIn(inputsOf(prompt, id))).find((one) => one !== null);
  if (size) found.set("size", size);
  return found;
}

/** The node and all it depends on, nearest first; without a node, all of them. */
function wayBack(prompt: JsonObject, output: string | null): string[] {
  const start = output !== null && output in prompt ? [output] : Object.keys(prompt);
  const way = new Set(start);
  for (const id of way) for (const origin of originsOf(inputsOf(prompt, id))) way.add(origin);
  return [...way].filter((id) => id in prompt);
}

/** The first text behind the sockets of this name. */
function textBehind(prompt: JsonObject, way: readonly string[], socket: string): string | null {
  for (const id of way) {
    const [origin] = originOf(inputsOf(prompt, id)[socket]);
    if (origin === undefined) continue;
    for (const behind of wayBack(prompt, origin)) {
      const { text } = inputsOf(prompt, behind);
      if (typeof text === "string") return text;
    }
  }
  return null;
}

function sizeIn(inputs: JsonObject): string | null {
  const { width, height } = inputs;
  return typeof width === "number" && typeof height === "number" ? `${width} × ${height}` : null;
}

function inputsOf(prompt: JsonObject, id: string): JsonObject {
  const node = prompt[id];
  return isObject(node) && isObject(node["inputs"]) ? node["inputs"] : {};
}

function originsOf(inputs: JsonObject): string[] {
  return Object.values(inputs).flatMap(originOf);
}

/** The node a link comes from: none for a value. */
function originOf(value: Json | undefined): string[] {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[1] !== "number") return [];
  return typeof value[0] === "string" ? [value[0]] : [];
}

function literal(value: Json | undefined): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

export interface Difference {
  readonly node: string;
  readonly title: string;
  readonly input: string;
  readonly before: string;
  readonly after: string;
}

/** The values two graphs differ in, and the nodes only one of them has. */
export function differences(before: JsonObject, after: JsonObject): Difference[] {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return ids.flatMap((node) => {
    const [a, b] = [inputsOf(before, node), inputsOf(after, node)];
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    const title = titleOf(after[node]) ?? titleOf(before[node]) ?? node;
    return names
      .map((input) => ({ node, title, input, before: shown(a[input]), after: shown(b[input]) }))
      .filter((one) => one.before !== one.after);
  });
}

function titleOf(node: Json | undefined): string | null {
  if (!isObject(node)) return null;
  const title = isObject(node["_meta"]) ? node["_meta"]["title"] : node["class_type"];
  return typeof title === "string" ? title : null;
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
