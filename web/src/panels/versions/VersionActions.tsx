import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import {
  openVersion,
  releaseVersion,
  removeRef,
  restoreVersion,
  startBranch,
  tagVersion,
} from "@/store/versions/actions";
import { compareVersions, viewVersion } from "@/store/versions/compare";
import { useTimeline } from "@/store/versions/timeline";
import type { Saved, VersionItem } from "@/store/versions/types";
import styles from "./Versions.module.css";

interface Props {
  readonly version: VersionItem;
  readonly saved: Saved;
  /** Choose the version to compare it with. */
  readonly onPick: () => void;
}

/** The chosen version in full, and what can be done with it. */
export function VersionActions({ version, saved, onPick }: Props) {
  const { t, i18n } = useTranslation("versions");
  const record = useTimeline((timeline) => timeline.record);
  const { workflow, number, author, message, created, tags } = version;
  return (
    <section className={styles.chosen} aria-label={t("chosen", { number })} data-testid="version-actions">
      <p className={styles.full}>{message || t("untitled")}</p>
      <p className={styles.hint}>
        {t("by", { number, author })} · {new Date(created).toLocaleString(i18n.language)}
      </p>
      <div className={styles.buttons}>
        <Button size="compact-xs" onClick={() => void compareVersions(workflow, version)}>
          {t("compareNow")}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => void restoreVersion(version)}>
          {t("restore")}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => viewVersion(version)}>
          {t("view")}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => void releaseVersion(version)}>
          {t("release")}
        </Button>
        <Menu position="top-end" withinPortal shadow="md">
          <Menu.Target>
            <ActionIcon size="sm" variant="default" aria-label={t("more")}>
              <IconDots size={14} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={onPick}>{t("compareOther")}</Menu.Item>
            <Menu.Item onClick={() => void openVersion(version)}>{t("openCopy")}</Menu.Item>
            <Menu.Item onClick={() => void startBranch(version, record)}>{t("newBranch")}</Menu.Item>
            <Menu.Item onClick={() => void tagVersion(version, record)}>{t("newTag")}</Menu.Item>
            {tags.map((tag) => (
              <Menu.Item key={tag} color="red" onClick={() => void removeRef(saved.workflow, "tag", tag)}>
                {t("removeTag", { name: tag })}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
    </section>
  );
}
