/** The value of a file input as a file the server can show. */
import { isObject, type Json } from "@/graph/json";
import type { FileRef } from "@/store/runs";

/** A name in the input folder, `name [output]`, or what a run answered for a file; null for anything else. */
export function pictureOf(value: Json | undefined): FileRef | null {
  if (isObject(value) && typeof value["filename"] === "string") {
    const word = (key: string, other: string) => (typeof value[key] === "string" ? value[key] : other);
    return { filename: value["filename"], subfolder: word("subfolder", ""), type: word("type", "output") };
  }
  if (typeof value !== "string" || value === "") return null;
  const [, path = "", kind] = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(value) ?? [];
  const cut = path.lastIndexOf("/");
  return { filename: path.slice(cut + 1), subfolder: path.slice(0, Math.max(0, cut)), type: kind ?? "input" };
}
