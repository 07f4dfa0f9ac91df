/** Whether a text is a workflow or a prompt, so that pasting it means opening it. */
import { FormatError } from "@/graph/formats/finding";
import { kindOf } from "@/graph/formats/kind";
import { parse } from "@/graph/formats/parse";

export function isWorkflowText(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    const kind = kindOf(parse(text).value);
    return kind === "workflow" || kind === "api";
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
