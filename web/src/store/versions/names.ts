/** What workflows, branches and tags can be called. The server decides; this tells before it is asked. */

export type NameTrouble = "" | "empty" | "sign" | "ends" | "long";

/** What cannot be the name of a workflow; empty if it can. */
export function workflowNameTrouble(name: string): NameTrouble {
  const normal = name.normalize("NFC");
  if (normal.trim() === "") return "empty";
  if (/[\\/@:#?%<>"|]|\p{Cc}/u.test(normal)) return "sign";
  if (/^[. ]|[. ]$/.test(normal)) return "ends";
  return [...normal].length > 100 ? "long" : "";
}

export type RefTrouble = "" | "empty" | "sign" | "version";

/** What cannot be the name of a branch or tag; empty if it can. */
export function refTrouble(name: string): RefTrouble {
  if (name === "") return "empty";
  // Where a version is asked for by such a word, a release or a version's id is meant.
  if (/^v?\d+(\.\d+){0,2}$/.test(name) || /^[0-9a-f]{6,64}$/.test(name) || name === "latest")
    return "version";
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) ? "" : "sign";
}

/** A workflow's name made of a file's: the folders go. */
export function nameFromFile(path: string): string {
  const last = path.split(/[\\/]/).at(-1) ?? "";
  const plain = last.replace(/[@:#?%<>"|]|\p{Cc}/gu, " ").replace(/^[. ]+|[. ]+$/g, "");
  return [...plain.normalize("NFC")].slice(0, 100).join("").trimEnd();
}
