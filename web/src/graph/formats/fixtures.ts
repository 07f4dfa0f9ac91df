/** The workflow files the server's tests use, too (see their README). For tests only. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Defs, readDefs } from "../defs";
import { isObject, type JsonObject } from "../json";

const FOLDER = fileURLToPath(new URL("../../../../tests/workflows/", import.meta.url));

export function fixture(name: string): JsonObject {
  const parsed: unknown = JSON.parse(readFileSync(`${FOLDER}${name}.json`, "utf8"));
  if (!isObject(parsed)) throw new Error(`${name}.json holds no object`);
  return parsed;
}

export function fixtureText(name: string): string {
  return readFileSync(`${FOLDER}${name}.json`, "utf8");
}

/** Names of the workflows that have the prompt they stand for beside them. */
export function fixtureNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".api.json"))
    .map((file) => file.slice(0, -".api.json".length));
}

export function fixtureDefs(): Defs {
  return readDefs(fixture("object_info"));
}
