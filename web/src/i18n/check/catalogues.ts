/** The catalogues as flat lists, for the tests that hold them together. */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Texts } from "../catalogue";

export interface Entry {
  /** Such as `app.json`. */
  readonly file: string;
  readonly area: string;
  readonly key: string;
  readonly text: string;
}

export function entries(language: string): Entry[] {
  const folder = fileURLToPath(new URL(`../${language}`, import.meta.url));
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const texts: Texts = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
      const area = basename(file).split(".")[0] ?? "";
      return flat(texts).map(([key, text]) => ({ file, area, key, text }));
    });
}

function flat(texts: Texts, before = ""): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]): [string, string][] =>
    typeof value === "string" ? [[before + key, value]] : flat(value, `${before}${key}.`),
  );
}

/** The key without the ending for a number: what a component asks for. */
export function asked(key: string): string {
  return key.replace(/_(zero|one|two|few|many|other)$/, "");
}

export function placeholders(text: string): string[] {
  return [
    ...new Set(
      [...text.matchAll(/\{\{\s*([^},\s]+)[^}]*\}\}|<\/?(\w+)>/g)].map((hit) => hit[1] ?? `<${hit[2]}>`),
    ),
  ].sort();
}
