import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { runCommand } from "@/store/perform";
import type { Saved } from "@/store/versions/types";
import styles from "./Versions.module.css";

/** What is on the canvas and in no version yet. */
export function UnsavedStrip({ saved }: { readonly saved: Saved }) {
  const { t } = useTranslation("versions");
  return (
    <div className={styles.strip} data-testid="unsaved-strip">
      <span>{t("unsaved", { number: saved.number })}</span>
      <span className={styles.buttons}>
        <Button size="compact-xs" onClick={() => runCommand("file.save")}>
          {t("save")}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => runCommand("versions.saveWithMessage")}>
          {t("saveWithMessage")}
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => runCommand("versions.compare")}
          data-testid="compare-unsaved"
        >
          {t("compare")}
        </Button>
      </span>
    </div>
  );
}
