/** Opens whatever holds a workflow: JSON of either kind, or media with one inside. */
import type { Defs } from "../defs";
import { isObject, type Json } from "../json";
import { FormatError } from "./finding";
import { fromApi } from "./fromApi";
import { kindOf } from "./kind";
import { parse } from "./parse";
import { type ReadResult, read } from "./read";

export async function open(content: string | Uint8Array, defs: Defs): Promise<ReadResult> {
  if (typeof content === "string") return openText(content, defs);
  // What reads media is of no use to who never drops a picture.
  const { embedded } = await import("./embedded");
  const found = await embedded(content);
  if (found === null) return openText(new TextDecoder().decode(content), defs);
  // The workflow is for editing; the prompt is the next best, should it be missing or broken.
  for (const text of [found.workflow, found.prompt]) {
    const opened = text === null ? null : attempt(text, defs);
    if (opened !== null) return opened;
  }
  if (found.parameters !== null) {
    const { fromParameters } = await import("./parameters");
    const opened = fromParameters(found.parameters, defs);
    if (opened !== null) return opened;
  }
  throw new FormatError("no-workflow-inside", { format: found.format });
}

export function openText(text: string, defs: Defs): ReadResult {
  const { value, findings } = parse(text);
  const opened = openJson(value, defs);
  return { ...opened, findings: [...findings, ...opened.findings] };
}

export function openJson(value: Json, defs: Defs): ReadResult {
  const kind = kindOf(value);
  if (kind === "empty") throw new FormatError("empty");
  if (!isObject(value) || kind === "templates" || kind === "unknown") throw new FormatError("not-a-workflow");
  return kind === "api" ? fromApi(value, defs) : read(value, defs);
}

function attempt(text: string, defs: Defs): ReadResult | null {
  try {
    return openText(text, defs);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
