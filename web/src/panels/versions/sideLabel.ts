import type { TFunction } from "i18next";
import type { VersionItem } from "@/store/versions/types";

/** A version in a few words; what is open now for none. */
export function sideLabel(version: VersionItem | null, t: TFunction<"versions">): string {
  if (version === null) return t("compareView.now");
  const message = version.message.split("\n", 1)[0] ?? "";
  return message === "" ? `#${version.number}` : `#${version.number} ${message}`;
}
