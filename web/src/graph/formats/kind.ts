/** Tells files apart before they are read. */
import { isObject, type Json } from "../json";

/** `templates`: snippets of nodes as the clipboard has them, kept under names. */
export type FileKind = "workflow" | "api" | "templates" | "empty" | "unknown";

export function kindOf(value: Json): FileKind {
  if (!isObject(value)) return "unknown";
  if ("templates" in value) return "templates";
  const entries = Object.values(value);
  if (entries.length === 0) return "empty";
  if (entries.every(isPromptNode)) return "api";
  return Array.isArray(value["nodes"]) ? "workflow" : "unknown";
}

function isPromptNode(entry: Json): boolean {
  const type = isObject(entry) ? entry["class_type"] : undefined;
  return typeof type === "string" && type !== "";
}
