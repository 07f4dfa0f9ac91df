/** Which nodes of a prompt a run concerns, and what feeds each. */
import type { Defs } from "@/graph/defs";
import { isObject } from "@/graph/json";
import type { Sent } from "./view";

type Prompt = Readonly<Record<string, unknown>>;

/**
 * The nodes that outputs depend on: all outputs, or those named. Outputs that are not known for lack of
 * definitions count all nodes in.
 */
export function sentOf(prompt: Prompt, defs: Defs, targets?: readonly string[]): Sent {
  const outputs = targets ?? Object.keys(prompt).filter((id) => defs.get(classOf(prompt, id))?.isOutput);
  const sent = new Map<string, readonly string[]>();
  const open = outputs.length > 0 ? [...outputs] : Object.keys(prompt);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (sent.has(id) || !(id in prompt)) continue;
    const origins = originsOf(prompt, id);
    sent.set(id, origins);
    open.push(...origins);
  }
  return sent;
}

function classOf(prompt: Prompt, id: string): string {
  const node = prompt[id];
  return isObject(node) && typeof node["class_type"] === "string" ? node["class_type"] : "";
}

function originsOf(prompt: Prompt, id: string): string[] {
  const node = prompt[id];
  const inputs = isObject(node) && isObject(node["inputs"]) ? Object.values(node["inputs"]) : [];
  return inputs.flatMap((value) => {
    if (!Array.isArray(value) || value.length !== 2) return [];
    const [origin, slot] = value;
    return typeof origin === "string" && typeof slot === "number" ? [origin] : [];
  });
}
