import { IconFunction, IconGitBranch, IconRosette, IconTag } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { VersionItem } from "@/store/versions/types";
import styles from "./Timeline.module.css";

/** The names a version has: branches that end there, tags, releases; and whether it can be called. */
export function Names({ version }: { readonly version: VersionItem }) {
  const { t } = useTranslation("versions");
  const { branches, tags, releases, has_function } = version;
  if (branches.length + tags.length + releases.length === 0 && !has_function) return null;
  return (
    <span className={styles.names}>
      {releases.map((name) => (
        <span key={name} className={styles.name} data-kind="release" title={t("names.release", { name })}>
          <IconRosette size={12} aria-hidden /> {name}
        </span>
      ))}
      {branches.map((name) => (
        <span key={name} className={styles.name} data-kind="branch" title={t("names.branch", { name })}>
          <IconGitBranch size={12} aria-hidden /> {name}
        </span>
      ))}
      {tags.map((name) => (
        <span key={name} className={styles.name} data-kind="tag" title={t("names.tag", { name })}>
          <IconTag size={12} aria-hidden /> {name}
        </span>
      ))}
      {has_function && (
        <span className={styles.name} data-kind="function" title={t("names.function")}>
          <IconFunction size={12} role="img" aria-label={t("names.function")} />
        </span>
      )}
    </span>
  );
}
