import type { TFunction } from "i18next";
import type { VersionItem } from "@/store/versions/types";

const LONGEST = 36;

/** A version in a few words; what is open now for none. */
export function sideLabel(version: VersionItem | null, t: TFunction<"versions">): string {
  if (version === null) return t("compareView.now");
  const line = version.message.split("\n", 1)[0] ?? "";
  if (line === "") return `#${version.number}`;
  const message = line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
  return `#${version.number} “${message}”`;
}
