/** Published functions on the server, call by call. Whatever goes wrong is an `ApiError`. */
import { answer, api, type Schemas, serverUrl } from "@/api/client";
import { errorOf, unreachable } from "@/api/error";
import { uuid } from "@/api/id";
import { clientId } from "@/api/socket";
import { type FunctionInput, readFunction, type WorkflowFunction } from "@/graph/functions/declaration";
import { isObject, type Json, type JsonObject } from "@/graph/json";

import { setting } from "../settings";

export type FunctionItem = Schemas["FunctionItem"];
export type WorkflowItem = Schemas["WorkflowItem"];
export type RunRecord = Schemas["RunRecord"];
export type ReleaseCheck = Schemas["ReleaseCheck"];

/** A function as a form needs it. */
export interface Callable {
  readonly name: string;
  readonly release: string | null;
  readonly version: Schemas["VersionItem"];
  readonly function: WorkflowFunction;
  /** JSON Schema of a call's body. */
  readonly schema: JsonObject;
  readonly classType: string | null;
}

/** `reference` is NAME or NAME@REF. */
export async function readCallable(reference: string): Promise<Callable> {
  const params = { path: { name: reference } };
  const record = await answer(api.GET("/api/v1/functions/{name}", { params }));
  return {
    name: record.name,
    release: record.release,
    version: record.version,
    function: readFunction(record.function as unknown as JsonObject),
    schema: record.schema as JsonObject,
    classType: record.class_type,
  };
}

export async function listFunctions(): Promise<readonly FunctionItem[]> {
  return (await answer(api.GET("/api/v1/functions"))).functions;
}

export interface Trouble {
  /** `inputs.NAME` or `outputs.NAME`, with what of it; anything else concerns the whole. */
  readonly where: string;
  readonly message: string;
}

export interface Checked {
  /** What is declared, by name, with what the nodes say filled in. */
  readonly inputs: ReadonlyMap<string, FunctionInput>;
  readonly problems: readonly Trouble[];
}

export async function checkFunction(document: JsonObject): Promise<Checked> {
  const checked = await answer(api.POST("/api/v1/functions/check", { body: { document } }));
  const found = isObject(checked.function) ? readFunction(checked.function as unknown as JsonObject) : null;
  return {
    inputs: new Map((found?.inputs ?? []).map((input) => [input.name, input])),
    problems: checked.problems,
  };
}

/** Queue a run. An `ApiError` of code `invalid_inputs` has `problems` in its body. */
export async function call(
  reference: string,
  body: Readonly<Record<string, Json>>,
): Promise<Schemas["CallAccepted"]> {
  const preview = setting("preview");
  const params = {
    path: { name: reference },
    query: { client_id: clientId(), ...(preview === "default" ? {} : { preview_method: preview }) },
    header: { "Idempotency-Key": uuid() },
  };
  return answer(api.POST("/api/v1/workflows/{name}/run", { params, body }));
}

export async function readRun(id: string): Promise<RunRecord> {
  return answer(api.GET("/api/v1/runs/{id}", { params: { path: { id } } }));
}

/** Upload a picture for an input. Returns what the input takes: the name the server keeps it under. */
export async function uploadPicture(file: File): Promise<string> {
  const form = new FormData();
  form.append("image", file, file.name === "" ? "picture.png" : file.name);
  const response = await fetch(`${serverUrl()}/upload/image`, { method: "POST", body: form }).catch(
    (error: unknown) => {
      throw unreachable(error);
    },
  );
  const text = await response.text();
  if (!response.ok) throw errorOf(response.status, text);
  const kept: unknown = JSON.parse(text);
  if (!isObject(kept) || typeof kept["name"] !== "string") throw errorOf(502, text);
  const folder = typeof kept["subfolder"] === "string" ? kept["subfolder"] : "";
  return folder === "" ? kept["name"] : `${folder}/${kept["name"]}`;
}
