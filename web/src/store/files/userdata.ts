/** Workflow files on the server: `workflows/NAME.json` of the person's own folder, by ComfyUI's routes. */
import { ApiError, errorOf, unreachable } from "@/api/error";
import { isObject } from "@/graph/json";

export interface FileInfo {
  /** Below `workflows/`, without `.json`; folders are parts of it. */
  readonly name: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

const FOLDER = "workflows";
const ENDING = ".json";
const segment = (name: string) => encodeURIComponent(`${FOLDER}/${name}${ENDING}`);

async function ask(path: string, init?: RequestInit): Promise<Response> {
  const answer = await fetch(path, init).catch((error: unknown) => {
    throw unreachable(error);
  });
  if (!answer.ok) throw errorOf(answer.status, await answer.text());
  return answer;
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}

export async function listFiles(): Promise<FileInfo[]> {
  try {
    const answer = await ask(`userdata?dir=${FOLDER}&recurse=true&full_info=true`);
    const rows: unknown = await answer.json();
    return Array.isArray(rows) ? rows.filter(isObject).flatMap(infoOf) : [];
  } catch (error) {
    // Nobody has saved anything yet.
    if (isStatus(error, 404)) return [];
    throw error;
  }
}

function infoOf(row: { readonly [key: string]: unknown }): FileInfo[] {
  const path = String(row["path"] ?? "");
  if (!path.endsWith(ENDING)) return [];
  const name = path.slice(0, -ENDING.length);
  return [{ name, size: Number(row["size"] ?? 0), modified: Number(row["modified"] ?? 0) * 1000 }];
}

/** The content; null if there is no such file. */
export async function readFile(name: string): Promise<string | null> {
  try {
    return await (await ask(`userdata/${segment(name)}`, { cache: "no-store" })).text();
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

/** Whether it was written: not if there is such a file and it must not be overwritten. */
export async function writeFile(name: string, text: string, overwrite: boolean): Promise<boolean> {
  const path = `userdata/${segment(name)}?overwrite=${overwrite}&full_info=true`;
  try {
    await ask(path, { method: "POST", body: text, headers: { "Content-Type": "application/json" } });
    return true;
  } catch (error) {
    if (!overwrite && isStatus(error, 409)) return false;
    throw error;
  }
}

export async function removeFile(name: string): Promise<void> {
  await ask(`userdata/${segment(name)}`, { method: "DELETE" });
}

/** Whether it was moved: not if there is a file of that name. */
export async function moveFile(name: string, to: string): Promise<boolean> {
  try {
    await ask(`userdata/${segment(name)}/move/${segment(to)}?overwrite=false`, { method: "POST" });
    return true;
  } catch (error) {
    if (isStatus(error, 409)) return false;
    throw error;
  }
}

/** What cannot be the name of a file everywhere; empty if it can. */
export function nameTrouble(name: string): "" | "empty" | "sign" | "dots" | "long" {
  if (name.trim() === "") return "empty";
  const parts = name.split("/");
  if (parts.some((part) => part.trim() === "" || /[\\:*?"<>|\p{Cc}]/u.test(part))) return "sign";
  if (parts.some((part) => /^\.|[. ]$/.test(part))) return "dots";
  return parts.some((part) => new TextEncoder().encode(part).length > 200) ? "long" : "";
}

/** A name that none of these has: `portrait`, `portrait 2`, `portrait 3`. */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  const stem = wanted.replace(/ \d+$/, "");
  let name = wanted;
  for (let count = 2; names.has(name); count += 1) name = `${stem} ${count}`;
  return name;
}
