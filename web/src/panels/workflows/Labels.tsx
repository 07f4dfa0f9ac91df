import { Switch } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { refreshLibrary, useWorkflows } from "@/store/versions/library";
import styles from "./Library.module.css";

/** Which workflows are listed: those with a label, or those that were put away. */
export function Labels() {
  const { t } = useTranslation("versions");
  const { workflows, label, isArchive } = useWorkflows();
  const labels = useMemo(
    () => [...new Set(workflows.flatMap((one) => one.labels))].toSorted((a, b) => a.localeCompare(b)),
    [workflows],
  );
  return (
    <fieldset className={styles.filters} aria-label={t("library.filter")}>
      {labels.map((one) => (
        <button
          key={one}
          type="button"
          className={styles.label}
          aria-pressed={one === label}
          onClick={() => void refreshLibrary({ label: one === label ? null : one })}
        >
          {one}
          {one === label && <IconX size={11} aria-hidden />}
        </button>
      ))}
      <Switch
        size="xs"
        label={t("library.archive")}
        checked={isArchive}
        onChange={(event) => void refreshLibrary({ isArchive: event.currentTarget.checked })}
      />
    </fieldset>
  );
}
