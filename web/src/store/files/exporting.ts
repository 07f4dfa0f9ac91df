/** Files for this computer: ours, for ComfyUI's canvas, and the prompt a program posts. */
import { toApi } from "@/graph/formats/toApi";
import { write } from "@/graph/formats/write";
import { isObject, type JsonObject, without } from "@/graph/json";
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { knownDefs } from "./sources";

/** Where our own data is in a file; ComfyUI's canvas keeps it and asks nothing of it. */
const OURS = "darkroom";

/** Ours: ComfyUI's format, with the name it has here. */
export function exportOurs(): void {
  withActive((name, workflow) => {
    const extra = isObject(workflow["extra"]) ? workflow["extra"] : {};
    download(`${name}.json`, { ...workflow, extra: { ...extra, [OURS]: { version: 1, name } } });
  });
}

/** For ComfyUI's canvas. */
export function exportUi(): void {
  withActive((name, workflow) => {
    const extra = isObject(workflow["extra"]) ? workflow["extra"] : {};
    download(`${name}.json`, { ...workflow, extra: without(extra, OURS) });
  });
}

/** For programs: what `POST /prompt` takes, texts and names filled in as for a run of now. */
export async function exportApi(): Promise<void> {
  const doc = workspace().active;
  if (doc === undefined) return;
  const defs = await knownDefs();
  const { prompt, findings } = toApi(doc.content.document, defs, {
    substitution: { random: Math.random, now: new Date() },
  });
  download(`${fileName(doc.label)}_api.json`, prompt);
  if (findings.length > 0) tell("warning", "files:notice.exportedWithFindings", { count: findings.length });
}

function withActive(make: (name: string, workflow: JsonObject) => void): void {
  const doc = workspace().active;
  if (doc !== undefined) make(fileName(doc.label), write(doc.content.document));
}

/** Folders are no part of a downloaded file's name. */
function fileName(label: string): string {
  return (label.split("/").at(-1) ?? "").replace(/[\\:*?"<>|]/g, "_") || "workflow";
}

function download(name: string, content: object): void {
  const blob = new Blob([JSON.stringify(content, null, 2)], { type: "application/json" });
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has to have begun before its source may go.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
