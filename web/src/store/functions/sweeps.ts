/** Sweeps on the server: many runs of a function, as a grid of pictures and a table. */
import { serverUrl } from "@/api/client";
import { errorOf, unreachable } from "@/api/error";
import { uuid } from "@/api/id";
import { isObject, type Json, type JsonObject } from "@/graph/json";

export interface SweepItem {
  readonly index: number;
  readonly inputs: JsonObject;
  readonly run: string | null;
  readonly status: string;
  readonly outputs: JsonObject;
}

export interface Sweep {
  readonly id: string;
  readonly workflow: string;
  readonly release: string | null;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly isCancelled: boolean;
  readonly items: readonly SweepItem[];
  /** Address of the grid picture; null while nothing can be shown. */
  readonly grid: string | null;
  readonly table: string | null;
}

export function isSettled({ done, failed, total, isCancelled }: Sweep): boolean {
  return isCancelled || done + failed >= total;
}

/** Start one; returns its id. An `ApiError` of code `invalid_inputs` has `problems` in its body. */
export async function startSweep(reference: string, body: object): Promise<string> {
  const made = await ask("POST", `workflows/${encodeURIComponent(reference)}/sweeps`, body);
  const id = isObject(made) ? (made["id"] ?? made["sweep_id"]) : null;
  if (typeof id !== "string") throw errorOf(502, JSON.stringify(made));
  return id;
}

export async function readSweep(id: string): Promise<Sweep> {
  const read = await ask("GET", `sweeps/${encodeURIComponent(id)}`);
  return sweepIn(isObject(read) ? read : {}, id);
}

/** What has not run yet does not; what was made stays. */
export async function cancelSweep(id: string): Promise<void> {
  await ask("DELETE", `sweeps/${encodeURIComponent(id)}`);
}

function sweepIn(read: JsonObject, id: string): Sweep {
  const number = (name: string) => (typeof read[name] === "number" ? read[name] : 0);
  const text = (name: string) => (typeof read[name] === "string" && read[name] !== "" ? read[name] : null);
  return {
    id,
    workflow: text("workflow") ?? "",
    release: text("release"),
    total: number("total"),
    done: number("done"),
    failed: number("failed"),
    isCancelled: read["status"] === "cancelled" || read["cancelled"] === true,
    items: (Array.isArray(read["items"]) ? read["items"] : []).flatMap(itemIn),
    grid: text("grid"),
    table: text("table"),
  };
}

function itemIn(entry: Json): SweepItem[] {
  if (!isObject(entry) || typeof entry["index"] !== "number") return [];
  return [
    {
      index: entry["index"],
      inputs: isObject(entry["inputs"]) ? entry["inputs"] : {},
      run: typeof entry["run_id"] === "string" ? entry["run_id"] : null,
      status: typeof entry["status"] === "string" ? entry["status"] : "pending",
      outputs: isObject(entry["outputs"]) ? entry["outputs"] : {},
    },
  ];
}

async function ask(method: string, path: string, body?: object): Promise<Json> {
  const headers = {
    "Content-Type": "application/json",
    ...(method === "POST" ? { "Idempotency-Key": uuid() } : {}),
  };
  const response = await fetch(`${serverUrl()}/api/v1/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers }),
  }).catch((error: unknown) => {
    throw unreachable(error);
  });
  const text = await response.text();
  if (!response.ok) throw errorOf(response.status, text);
  return text === "" ? null : (JSON.parse(text) as Json);
}
