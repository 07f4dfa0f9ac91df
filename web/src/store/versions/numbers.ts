/** Numbers of releases: MAJOR.MINOR.PATCH. */
export type Level = "major" | "minor" | "patch";

function partsOf(number: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = number.split(".").map(Number);
  return [major, minor, patch];
}

export function raised(number: string, level: Level): string {
  const [major, minor, patch] = partsOf(number);
  if (level === "major") return `${major + 1}.0.0`;
  if (level === "minor") return `${major}.${minor + 1}.0`;
  return `${major}.${minor}.${patch + 1}`;
}

export function isBelow(number: string, other: string): boolean {
  const [a, b] = [partsOf(number), partsOf(other)];
  for (const place of [0, 1, 2] as const) if (a[place] !== b[place]) return a[place] < b[place];
  return false;
}
