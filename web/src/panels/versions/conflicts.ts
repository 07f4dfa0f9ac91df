/** Conflicts of a merge as they are shown. */
import { type GraphId, ROOT } from "@/graph/document";
import { isObject, type Json } from "@/graph/json";
import type { Conflict } from "@/store/versions/types";

/** Kinds that have words of their own; every other is said in general. */
const KINDS = [
  "value",
  "link",
  "class",
  "title",
  "mode",
  "deleted",
  "cycle",
  "interface",
  "subgraph",
  "function",
] as const;
export type ConflictKind = (typeof KINDS)[number] | "other";

export function kindOf({ kind }: Conflict): ConflictKind {
  return KINDS.find((one) => one === kind) ?? "other";
}

/** The server calls the workflow itself by nothing. */
export function graphIdOf(graph: string | undefined): GraphId {
  return graph === undefined || graph === "" ? ROOT : graph;
}

/** Whether another value than those of both sides makes sense for it. */
export function takesValue(conflict: Conflict): boolean {
  const sides = [conflict.base, conflict.ours, conflict.theirs];
  return conflict.kind === "value" && sides.every((side) => !isObject(side) && !Array.isArray(side));
}

/** One side of a conflict as text; null for nothing there. `titleOf`: what a node is called. */
export function textOf(side: unknown, titleOf: (node: string) => string = (node) => node): string | null {
  if (side === null || side === undefined) return null;
  if (typeof side === "string") return side;
  const link = isObject(side) ? side["link"] : undefined;
  if (Array.isArray(link)) return titleOf(String(link[0]));
  return JSON.stringify(side);
}

/** What was typed, as a value like the ones there are: texts stay texts, whatever they look like. */
export function typedValue(typed: string, conflict: Conflict): Json {
  const like = [conflict.ours, conflict.theirs, conflict.base].find(
    (one) => one !== null && one !== undefined,
  );
  if (typeof like === "string") return typed;
  return JSON.parse(typed) as Json;
}
