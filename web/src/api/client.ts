/** The server's API, typed by its own document. Whatever goes wrong is one `ApiError`. */
import createClient, { type Middleware } from "openapi-fetch";
import { errorOf, unreachable } from "./error";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** Where the server is: beside the page, whatever path a proxy has put it under. No slash at the end. */
export function serverUrl(): string {
  const base = globalThis.document?.baseURI ?? "http://127.0.0.1:8188/";
  return new URL(".", base).href.replace(/\/$/, "");
}

const refuse: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw errorOf(response.status, await response.text());
  },
  onError({ error }) {
    return unreachable(error);
  },
};

export function makeApi(baseUrl: string, send?: (request: Request) => Promise<Response>) {
  const client = createClient<paths>({ baseUrl, ...(send === undefined ? {} : { fetch: send }) });
  client.use(refuse);
  return client;
}

export const api = makeApi(serverUrl());

/** The answer itself, of a call that has thrown if it failed. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/** Where a file the server keeps can be seen. */
export function viewUrl(
  file: { readonly filename: string; readonly subfolder: string; readonly type: string },
  preview?: "webp;75",
): string {
  const query = new URLSearchParams({ filename: file.filename, subfolder: file.subfolder, type: file.type });
  if (preview !== undefined) query.set("preview", preview);
  return `${serverUrl()}/view?${query}`;
}
