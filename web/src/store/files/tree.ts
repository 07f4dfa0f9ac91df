/** File names with folders in them, as a tree. */
import type { FileInfo } from "./userdata";

export type TreeEntry =
  | {
      readonly kind: "folder";
      readonly path: string;
      readonly label: string;
      readonly entries: readonly TreeEntry[];
    }
  | { readonly kind: "file"; readonly path: string; readonly label: string; readonly file: FileInfo };

/** Folders first, then files, both by name as people sort: `take 2` before `take 10`. */
export function treeOf(files: readonly FileInfo[], folder = ""): TreeEntry[] {
  const folders = new Map<string, FileInfo[]>();
  const here: TreeEntry[] = [];
  for (const file of files) {
    const rest = file.name.slice(folder.length);
    const slash = rest.indexOf("/");
    if (slash < 0) here.push({ kind: "file", path: file.name, label: rest, file });
    else folders.set(rest.slice(0, slash), [...(folders.get(rest.slice(0, slash)) ?? []), file]);
  }
  const inside = [...folders].map(([label, found]): TreeEntry => {
    const path = `${folder}${label}/`;
    return { kind: "folder", path, label, entries: treeOf(found, path) };
  });
  return [...inside.sort(byLabel), ...here.sort(byLabel)];
}

function byLabel(a: TreeEntry, b: TreeEntry): number {
  return a.label.localeCompare(b.label, undefined, { numeric: true, sensitivity: "base" });
}

/** Files whose name has every word that was typed. */
export function matching(files: readonly FileInfo[], typed: string): FileInfo[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return files.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
}
