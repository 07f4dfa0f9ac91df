/**
 * What happens in a run, in the few words the canvas needs. The same from both tellers: ComfyUI's messages on the
 * WebSocket, which come first, and the server's own events, which say more and are read once a run has ended.
 */
import type { Message } from "@/api/messages";
import { isObject, type Json, type JsonObject } from "@/graph/json";
import type { FileRef, NodeError } from "../runs";

export type Outcome = "success" | "error" | "interrupted";
export interface Reason {
  readonly code: string;
  readonly detail: string;
}

/** `node` is the one the canvas shows; `inner` the one that runs, another if it was grown at run time. */
export type RunEvent =
  | { readonly kind: "started" }
  | { readonly kind: "cached"; readonly nodes: readonly string[] }
  | {
      readonly kind: "running";
      readonly node: string;
      readonly inner: string;
      readonly reason: Reason | null;
    }
  | { readonly kind: "progress"; readonly inner: string; readonly value: number; readonly max: number }
  | {
      readonly kind: "finished";
      readonly node: string;
      readonly inner: string;
      /** Where the result came from; null if the teller does not say. */
      readonly source: string | null;
      readonly seconds: number | null;
    }
  | { readonly kind: "output"; readonly node: string; readonly inner: string; readonly ui: JsonObject }
  | { readonly kind: "blocked"; readonly node: string; readonly message: string }
  | { readonly kind: "warned"; readonly node: string; readonly message: string }
  | { readonly kind: "failed"; readonly node: string; readonly error: NodeError }
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  /** Nothing comes after this. */
  | { readonly kind: "end" };

/** What a message of the WebSocket tells of a run. */
export function eventsOfMessage({ type, data }: Message): RunEvent[] {
  switch (type) {
    case "execution_start":
      return [{ kind: "started" }];
    case "execution_cached":
      return [{ kind: "cached", nodes: words(data["nodes"]) }];
    case "executing": {
      const inner = word(data["node"]);
      if (inner === null) return [{ kind: "end" }];
      return [{ kind: "running", node: word(data["display_node"]) ?? inner, inner, reason: null }];
    }
    case "progress":
      return progress(word(data["node"]), data["value"], data["max"]);
    case "progress_state":
      return Object.values(isObject(data["nodes"]) ? data["nodes"] : {}).flatMap(stateOf);
    case "executed": {
      const inner = word(data["node"]);
      if (inner === null || !isObject(data["output"])) return [];
      return [{ kind: "output", node: word(data["display_node"]) ?? inner, inner, ui: data["output"] }];
    }
    case "node_warning":
      return warned(word(data["display_node"]) ?? word(data["node"]), data["message"]);
    case "execution_error":
      return errorTold(data);
    case "execution_success":
      return [{ kind: "outcome", outcome: "success" }];
    case "execution_interrupted":
      return [{ kind: "outcome", outcome: "interrupted" }];
    default:
      return [];
  }
}

function stateOf(state: Json): RunEvent[] {
  if (!isObject(state)) return [];
  const inner = word(state["node_id"]);
  if (inner === null) return [];
  const node = word(state["display_node_id"]) ?? inner;
  if (state["state"] === "finished") return [{ kind: "finished", node, inner, source: null, seconds: null }];
  return [{ kind: "running", node, inner, reason: null }, ...progress(inner, state["value"], state["max"])];
}

function progress(inner: string | null, value: Json | undefined, max: Json | undefined): RunEvent[] {
  // The state of a node that has only begun says 0 of 1, which is no progress to show.
  if (inner === null || typeof value !== "number" || typeof max !== "number" || max <= 0) return [];
  return value === 0 && max === 1 ? [] : [{ kind: "progress", inner, value, max }];
}

function warned(node: string | null, message: Json | undefined): RunEvent[] {
  const said = word(message);
  return node === null || said === null ? [] : [{ kind: "warned", node, message: said }];
}

function errorTold(data: JsonObject): RunEvent[] {
  const node = word(data["node_id"]);
  if (node === null) return [{ kind: "outcome", outcome: "error" }];
  const message = (word(data["exception_message"]) ?? "").trim();
  const type = word(data["exception_type"]) ?? "";
  if (type === "ExecutionBlocked") return [{ kind: "blocked", node, message }];
  const inputs = isObject(data["current_inputs"]) ? data["current_inputs"] : {};
  const error = { type, message, traceback: words(data["traceback"]), inputs };
  return [
    { kind: "failed", node, error },
    { kind: "outcome", outcome: "error" },
  ];
}

/** What one of the server's own events tells. */
export function eventsOfRecord(event: JsonObject): RunEvent[] {
  const inner = word(event["node_id"]) ?? "";
  const node = displayOf(event, inner);
  switch (event["type"]) {
    case "run_started":
      return [{ kind: "started" }];
    case "run_cached":
      return [{ kind: "cached", nodes: words(event["nodes"]) }];
    case "node_started":
      return [{ kind: "running", node, inner, reason: reasonOf(event["reason"]) }];
    case "node_progress":
      return progress(inner, event["value"], event["maximum"]);
    case "node_finished": {
      const usage = isObject(event["usage"]) ? event["usage"]["seconds"] : null;
      const seconds = typeof usage === "number" ? usage : null;
      const source = word(event["source"]);
      const output: RunEvent[] = isObject(event["ui"])
        ? [{ kind: "output", node, inner, ui: event["ui"] }]
        : [];
      return [...output, { kind: "finished", node, inner, source, seconds }];
    }
    case "node_blocked":
      return [{ kind: "blocked", node, message: word(event["message"]) ?? "" }];
    case "node_warned":
      return warned(node, event["message"]);
    case "node_failed": {
      const error = isObject(event["error"]) ? event["error"] : {};
      const failed = word(error["node_id"]) ?? "";
      return [{ kind: "failed", node: displayOf(event, failed), error: errorOf(error) }];
    }
    case "run_finished": {
      const status = event["status"];
      const outcome = status === "success" || status === "interrupted" ? status : "error";
      return [{ kind: "outcome", outcome }];
    }
    default:
      return [];
  }
}

function displayOf(event: JsonObject, inner: string): string {
  return (isObject(event["origin"]) ? word(event["origin"]["display"]) : null) ?? inner;
}

function errorOf(error: JsonObject): NodeError {
  const message = word(error["message"]) ?? "";
  const advice = word(error["suggestion"]);
  return {
    type: word(error["exception_type"]) ?? "",
    message: advice === null || message.includes(advice) ? message : `${message}\n${advice}`,
    traceback: words(error["traceback"]),
    inputs: isObject(error["inputs"]) ? error["inputs"] : {},
  };
}

export function reasonOf(value: Json | undefined): Reason | null {
  if (!isObject(value)) return null;
  const code = word(value["code"]);
  return code === null ? null : { code, detail: word(value["detail"]) ?? "" };
}

/** The pictures an output node shows. */
export function imagesOf(ui: JsonObject): FileRef[] {
  const images = filesOf(ui["images"]);
  const { pictures, replaced } = policyOf(ui);
  // Where one file holds many pictures, nobody can say which of them it is.
  const isEach = pictures === images.length;
  return images.map((file, place) =>
    (isEach ? replaced.has(place) : replaced.size > 0) ? { ...file, replaced: true } : file,
  );
}

/** What the safety policy did to the pictures a node was given, those of all its calls counted on. */
function policyOf(ui: JsonObject) {
  const replaced = new Set<number>();
  const notes: string[] = [];
  let pictures = 0;
  for (const facts of Array.isArray(ui["safety"]) ? ui["safety"] : []) {
    if (!isObject(facts) || typeof facts["pictures"] !== "number") continue;
    const places = Array.isArray(facts["replaced"]) ? facts["replaced"] : [];
    for (const place of places) if (typeof place === "number") replaced.add(pictures + place);
    notes.push(`${places.length} of ${facts["pictures"]} pictures replaced by the safety policy`);
    pictures += facts["pictures"];
  }
  return { pictures, replaced, notes };
}

function filesOf(value: Json | undefined): FileRef[] {
  const items = Array.isArray(value) ? value : [];
  return items.flatMap((item) => {
    const filename = isObject(item) ? word(item["filename"]) : null;
    if (!isObject(item) || filename === null) return [];
    return [{ filename, subfolder: word(item["subfolder"]) ?? "", type: word(item["type"]) ?? "output" }];
  });
}

/** What a node tells: its texts, and where it put latents, which have no picture. */
export function textsOf(ui: JsonObject): string[] {
  const latents = filesOf(ui["latents"]).map(({ filename, subfolder, type }) =>
    [type, subfolder, filename].filter(Boolean).join("/"),
  );
  // Pictures that were replaced wear a mark, in the language of the page.
  const { notes } = policyOf(ui);
  return [...words(ui["text"]).filter((text) => !notes.includes(text)), ...latents];
}

function word(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function words(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
