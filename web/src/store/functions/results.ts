/** What a run of a function gave, by the names of its outputs. */
import { isObject, type Json, type JsonObject } from "@/graph/json";
import type { FileRef } from "../runs";
import { imagesOf } from "../runs/events";

export interface Result {
  readonly name: string;
  readonly files: readonly FileRef[];
  /** Numbers, texts and truths; a list if there are several. */
  readonly values: readonly Json[];
}

/** The class of the nodes that a call adds, one for each output. */
const OUTPUT = "WorkflowOutput";

/** `order` are the names of the outputs as the function declares them. */
export function resultsOf(
  {
    prompt,
    outputs,
  }: {
    readonly prompt: Readonly<Record<string, unknown>>;
    readonly outputs: Readonly<Record<string, unknown>>;
  },
  order: readonly string[] = [],
): Result[] {
  const found = Object.entries(prompt).flatMap(([id, node]): Result[] => {
    if (!isObject(node) || node["class_type"] !== OUTPUT || !isObject(node["inputs"])) return [];
    const name = node["inputs"]["name"];
    const ui = outputs[id];
    if (typeof name !== "string" || !isObject(ui)) return [];
    return [{ name, files: imagesOf(ui), values: valuesOf(ui) }];
  });
  const place = ({ name }: Result) => (order.includes(name) ? order.indexOf(name) : order.length);
  return found.toSorted((a, b) => place(a) - place(b));
}

function valuesOf(ui: JsonObject): readonly Json[] {
  return Array.isArray(ui["values"]) ? ui["values"] : [];
}
