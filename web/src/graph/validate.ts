/** What would be wrong with a run, found before it is sent. The codes are the server's, which has the last word. */
import type { Defs, InputDef } from "./defs";
import type { Document } from "./document";
import { type ApiNode, type ApiPrompt, type Conversion, linkedTo, toApi } from "./formats/toApi";
import { isObject, type Json } from "./json";
import { compatible } from "./types";

export interface Problem {
  readonly code:
    | "prompt_no_outputs"
    | "missing_node_type"
    | "dependency_cycle"
    | "required_input_missing"
    | "bad_linked_input"
    | "return_type_mismatch"
    | "invalid_input_type"
    | "value_smaller_than_min"
    | "value_bigger_than_max"
    | "value_not_in_list";
  /** Id in the prompt, such as `12:7` for a node inside a subgraph; null for the workflow as a whole. */
  readonly node: string | null;
  readonly input: string | null;
  /** What the message names. */
  readonly params: Readonly<Record<string, Json>>;
}

/** Problems of everything that output nodes need, as the server looks at nothing else. */
export function validate(document: Document, defs: Defs, conversion?: Conversion): Problem[] {
  const { prompt } = conversion ?? toApi(document, defs);
  const ids = Object.keys(prompt);
  const missing = ids.flatMap((id) => missingClass(id, prompt[id], defs));
  const outputs = ids.filter((id) => defs.get(prompt[id]?.class_type ?? "")?.isOutput === true);
  if (outputs.length === 0) {
    return [...missing, { code: "prompt_no_outputs", node: null, input: null, params: {} }];
  }
  const needed = neededBy(prompt, outputs);
  const checked = [...needed].flatMap((id) => nodeProblems(id, prompt, defs));
  return [...missing, ...cycles(prompt, needed), ...checked];
}

function missingClass(id: string, node: ApiNode | undefined, defs: Defs): Problem[] {
  if (node === undefined || defs.has(node.class_type)) return [];
  return [{ code: "missing_node_type", node: id, input: null, params: { type: node.class_type } }];
}

function sourcesOf(node: ApiNode | undefined): string[] {
  return Object.values(node?.inputs ?? {}).flatMap((value) => linkedTo(value) ?? []);
}

function neededBy(prompt: ApiPrompt, outputs: readonly string[]): ReadonlySet<string> {
  const needed = new Set<string>();
  const open = [...outputs];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id) || prompt[id] === undefined) continue;
    needed.add(id);
    open.push(...sourcesOf(prompt[id]));
  }
  return needed;
}

/** A problem for every node of a circle that a walk back from the outputs comes upon. */
function cycles(prompt: ApiPrompt, needed: ReadonlySet<string>): Problem[] {
  const problems = new Map<string, Problem>();
  const done = new Set<string>();
  for (const start of needed) {
    // The way from `start` to where the walk is, with the sources still to be looked at.
    const way: { id: string; left: string[] }[] = [];
    const onWay = new Set<string>();
    const enter = (id: string) => {
      way.push({ id, left: sourcesOf(prompt[id]) });
      onWay.add(id);
    };
    if (!done.has(start)) enter(start);
    for (let here = way.at(-1); here !== undefined; here = way.at(-1)) {
      const next = here.left.pop();
      if (next === undefined) {
        way.pop();
        onWay.delete(here.id);
        done.add(here.id);
      } else if (onWay.has(next)) {
        const circle = way.slice(way.findIndex(({ id }) => id === next)).map(({ id }) => id);
        for (const problem of circular(prompt, circle.reverse())) {
          if (problem.node !== null && !problems.has(problem.node)) problems.set(problem.node, problem);
        }
      } else if (!done.has(next) && needed.has(next)) enter(next);
    }
  }
  return [...problems.values()];
}

function circular(prompt: ApiPrompt, circle: readonly string[]): Problem[] {
  const titles = [...circle, ...circle.slice(0, 1)].map((id) => prompt[id]?._meta.title ?? id);
  const params = { path: titles.join(" → ") };
  return circle.map((id) => ({ code: "dependency_cycle", node: id, input: null, params }));
}

function nodeProblems(id: string, prompt: ApiPrompt, defs: Defs): Problem[] {
  const node = prompt[id];
  const def = defs.get(node?.class_type ?? "");
  if (node === undefined || def === undefined) return [];
  return def.inputs.flatMap((input): Problem[] => {
    const value = node.inputs[input.name];
    const at = { node: id, input: input.name };
    if (value === undefined) {
      return input.optional ? [] : [{ code: "required_input_missing", ...at, params: { type: input.type } }];
    }
    const source = linkedTo(value);
    if (source !== null) return linkProblems(at, prompt, defs, input, source, value);
    return valueProblem(at, input, value);
  });
}

type At = Pick<Problem, "node" | "input">;

function linkProblems(
  at: At,
  prompt: ApiPrompt,
  defs: Defs,
  input: InputDef,
  source: string,
  link: Json,
): Problem[] {
  const origin = defs.get(prompt[source]?.class_type ?? "");
  if (origin === undefined) return [];
  const slot = Array.isArray(link) ? link[1] : undefined;
  const output = typeof slot === "number" ? origin.outputs[slot] : undefined;
  if (output === undefined) {
    return [{ code: "bad_linked_input", ...at, params: { from: origin.title, slot: slot ?? null } }];
  }
  if (compatible(output.type, input.type)) return [];
  const params = { from: origin.title, received: output.type, wanted: input.type };
  return [{ code: "return_type_mismatch", ...at, params }];
}

function valueProblem(at: At, input: InputDef, value: Json): Problem[] {
  const found = (code: Problem["code"], params: Problem["params"]): Problem[] => [{ code, ...at, params }];
  switch (input.widget) {
    case "INT":
    case "FLOAT": {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      if (typeof number === "boolean") return [];
      if (typeof number !== "number" || Number.isNaN(number)) {
        return found("invalid_input_type", { wanted: input.type, value });
      }
      const { min, max } = input.options;
      if (typeof min === "number" && number < min)
        return found("value_smaller_than_min", { value: number, min });
      if (typeof max === "number" && number > max)
        return found("value_bigger_than_max", { value: number, max });
      return [];
    }
    case "COMBO": {
      if (input.choices.length === 0 || listsFiles(input)) return [];
      const chosen = isObject(value) && Array.isArray(value["__value__"]) ? value["__value__"] : [value];
      const strange = chosen.find((one) => !input.choices.includes(one));
      return strange === undefined ? [] : found("value_not_in_list", { value: strange });
    }
    default:
      return [];
  }
}

/** Files may have come since the definitions were read; the server looks again. */
function listsFiles({ options }: InputDef): boolean {
  return [
    "image_upload",
    "video_upload",
    "audio_upload",
    "animated_image_upload",
    "file_upload",
    "image_folder",
    "remote",
  ].some((name) => options[name] !== undefined && options[name] !== false);
}
