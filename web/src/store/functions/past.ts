/** The last runs of a form, kept by the browser: what they were given and what they gave. */
import { isObject, type Json } from "@/graph/json";
import type { CallRun } from "./calls";
import type { Result } from "./results";

const MOST = 30;
const key = (workflow: string) => `darkroom:form:${workflow}`;

export function keptCalls(workflow: string): readonly CallRun[] {
  try {
    const kept: unknown = JSON.parse(globalThis.localStorage?.getItem(key(workflow)) ?? "[]");
    return Array.isArray(kept) ? kept.flatMap(readCall) : [];
  } catch {
    // What cannot be read is forgotten.
    return [];
  }
}

let written = "";

/** Progress and previews are of the moment: only what stays is written, and only if it is news. */
export function keepCalls(workflow: string, runs: readonly CallRun[]): void {
  const kept = runs.slice(0, MOST).map(({ preview, progress, ...run }) => run);
  const text = JSON.stringify(kept);
  if (text === written) return;
  written = text;
  try {
    globalThis.localStorage?.setItem(key(workflow), text);
  } catch {
    // Storage is full or forbidden: the list lasts as long as the page.
  }
}

function readCall(entry: unknown): CallRun[] {
  if (!isObject(entry) || typeof entry["id"] !== "string" || !isObject(entry["inputs"])) return [];
  const text = (name: string): string | null => (typeof entry[name] === "string" ? entry[name] : null);
  const state = STATES.find((one) => one === entry["state"]) ?? "error";
  return [
    {
      id: entry["id"],
      inputs: entry["inputs"],
      begun: typeof entry["begun"] === "number" ? entry["begun"] : 0,
      release: text("release"),
      state,
      progress: [0, 0],
      preview: null,
      results: list(entry["results"]).flatMap(readResult),
      error: text("error"),
    },
  ];
}

const STATES = ["queued", "running", "success", "error", "interrupted", "cancelled"] as const;

function readResult(entry: Json): Result[] {
  if (!isObject(entry) || typeof entry["name"] !== "string") return [];
  const files = list(entry["files"]).flatMap((file) =>
    isObject(file) && typeof file["filename"] === "string"
      ? [
          {
            filename: file["filename"],
            subfolder: String(file["subfolder"] ?? ""),
            type: String(file["type"] ?? "output"),
          },
        ]
      : [],
  );
  return [{ name: entry["name"], files, values: list(entry["values"]) }];
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
