import { useTranslation } from "react-i18next";
import { compareReleases, pinnedOf } from "@/graph/functions/upgrade";
import { useDefs } from "@/store/defs";
import { askUpgrade, newestReleases } from "@/store/functions/classes";
import type { NodeData } from "../items";
import styles from "./TitleBar.module.css";

/** On a node that is a published workflow: its release, and whether there is a newer one. */
export function ReleaseBadge({ data }: { readonly data: NodeData }) {
  const { t } = useTranslation("canvas");
  const pinned = pinnedOf(data.record.type);
  const newest = useDefs(({ defs }) => (pinned === null ? undefined : newestReleases(defs).get(pinned.name)));
  if (pinned === null) return null;
  const isOld = newest !== undefined && compareReleases(newest, pinned.release) > 0;
  const isGone = data.def === undefined;
  const hint = isGone
    ? t("node.releaseGone", { ...pinned })
    : isOld
      ? t("node.upgrade", { release: newest })
      : t("node.release", { ...pinned });
  return (
    <button
      type="button"
      className={`${styles.release} nodrag`}
      tabIndex={-1}
      data-old={isOld || undefined}
      data-gone={isGone || undefined}
      title={hint}
      onClick={() => askUpgrade(data.graph, data.key)}
    >
      {pinned.release}
      {isOld && " ↑"}
    </button>
  );
}
