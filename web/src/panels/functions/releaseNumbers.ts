/** What the next release may be called. */

import { compareReleases } from "@/graph/functions/upgrade";
import type { ReleaseCheck } from "@/store/versions/types";

export const NUMBER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

export type Level = ReleaseCheck["level"] | "first";

/** The smallest number of each kind that is allowed; after nothing, the first. */
export function numbersFor({ smallest, previous }: ReleaseCheck): { level: Level; number: string }[] {
  if (previous === null) return [{ level: "first", number: smallest }];
  const [major = 0, minor = 0, patch = 0] = previous.split(".").map(Number);
  const all: { level: Level; number: string }[] = [
    { level: "patch", number: `${major}.${minor}.${patch + 1}` },
    { level: "minor", number: `${major}.${minor + 1}.0` },
    { level: "major", number: `${major + 1}.0.0` },
  ];
  return all.filter(({ number }) => compareReleases(number, smallest) >= 0);
}
