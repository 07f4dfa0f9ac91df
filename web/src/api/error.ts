/** What the server said no with, or that it could not be asked. */
import { isObject, type Json } from "@/graph/json";

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 if no answer came. */
    readonly status: number,
    /** The server's word for programs; `unreachable` if no answer came. */
    readonly code: string,
    message: string,
    /** The field, parameter or part at fault, if the server named one. */
    readonly where = "",
    /** The whole answer, for refusals that say more. */
    readonly body: Json = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

const PROXY = new Set([502, 503, 504]);

/** The error an answer of status 400 or above stands for: ours, ComfyUI's, or plain text from something between. */
export function errorOf(status: number, text: string): ApiError {
  const body = parsed(text);
  // A proxy speaks for a server that it cannot reach either.
  if (PROXY.has(status) && body === null) return unreachable(`HTTP ${status}`);
  const error = isObject(body) ? body["error"] : undefined;
  if (typeof error === "string") return new ApiError(status, `http_${status}`, error, "", body);
  if (!isObject(error)) return new ApiError(status, `http_${status}`, text.trim() || `HTTP ${status}`);
  const code = word(error["code"]) || word(error["type"]) || `http_${status}`;
  const details = word(error["details"]);
  const message = word(error["message"]) || code;
  const whole = details === "" || details === message ? message : `${message}: ${details}`;
  return new ApiError(status, code, whole, word(error["where"]), body);
}

export function unreachable(cause: unknown): ApiError {
  return new ApiError(0, "unreachable", cause instanceof Error ? cause.message : String(cause));
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function word(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
