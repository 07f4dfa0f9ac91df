/** Node classes by how lately they were added. */
const KEPT = "darkroom:recent-nodes";
const MOST = 24;

export function recent(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

export function remember(name: string): void {
  try {
    const names = [name, ...recent().filter((other) => other !== name)].slice(0, MOST);
    localStorage.setItem(KEPT, JSON.stringify(names));
  } catch {
    // Storage is full or forbidden: nothing is remembered.
  }
}
