/** Texts of one area, nested as the file has them. */
export interface Texts {
  readonly [key: string]: string | Texts;
}
/** Texts of one language by area. */
export type Catalogue = Readonly<Record<string, Texts>>;

/**
 * One catalogue from the files of a language. A file's name is its area; what follows a dot only keeps the
 * files of several owners apart: `commands.run.json` and `commands.file.json` are both of `commands`.
 */
export function readCatalogue(files: Readonly<Record<string, Texts>>): Catalogue {
  const areas: Record<string, Texts> = {};
  for (const [path, texts] of Object.entries(files)) {
    const [area = ""] = (path.split("/").at(-1) ?? "").split(".");
    areas[area] = merged(areas[area], texts);
  }
  return areas;
}

function merged(a: Texts | undefined, b: Texts): Texts {
  const made: Record<string, string | Texts> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = made[key];
    const isBoth = typeof value === "object" && typeof before === "object";
    made[key] = isBoth ? merged(before, value) : value;
  }
  return made;
}
