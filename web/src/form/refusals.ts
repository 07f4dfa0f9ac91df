/** What the server said no to, by the field it belongs to. */
import type { FunctionInput } from "@/graph/functions/declaration";
import { isObject, type Json } from "@/graph/json";

export interface Refusal {
  /** By the input's name. */
  readonly fields: Readonly<Record<string, string>>;
  /** What belongs to none of them. */
  readonly others: readonly string[];
}

/** Reads `problems` of a call, and `node_errors` of the graph it would run: those of bound nodes are of the input. */
export function refusalIn(body: Json, inputs: readonly FunctionInput[]): Refusal {
  const fields: Record<string, string> = {};
  const others: string[] = [];
  if (!isObject(body)) return { fields, others };
  for (const problem of Array.isArray(body["problems"]) ? body["problems"] : []) {
    if (isObject(problem) && typeof problem["input"] === "string") {
      fields[problem["input"]] = String(problem["message"] ?? "");
    }
  }
  for (const [node, told] of Object.entries(isObject(body["node_errors"]) ? body["node_errors"] : {})) {
    for (const error of isObject(told) && Array.isArray(told["errors"]) ? told["errors"] : []) {
      if (!isObject(error)) continue;
      const extra = isObject(error["extra_info"]) ? error["extra_info"] : {};
      const text = String(error["details"] || error["message"] || "");
      const name = inputOf(node, String(extra["input_name"] ?? ""), inputs);
      if (name === null) others.push(text);
      else fields[name] ??= text;
    }
  }
  return { fields, others };
}

/** Nodes that a call adds for pictures are called after their input: `input:image`. */
function inputOf(node: string, input: string, inputs: readonly FunctionInput[]): string | null {
  const added = /^input:(.+)$/.exec(node)?.[1];
  if (added !== undefined) return added;
  const bound = inputs.find((one) =>
    one.targets.some((target) => target.node === node && target.input === input),
  );
  return bound?.name ?? null;
}
