import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { loadDefs, useDefs } from "@/store/defs";
import { useRuns } from "@/store/runs";
import styles from "./NodesBanner.module.css";

/** Above the canvas while the server is there but cannot tell its nodes, as when its worker does not start. */
export function NodesBanner() {
  const { t } = useTranslation("app");
  const { status, error } = useDefs();
  const isOnline = useRuns((runs) => runs.connection === "online");
  if (status !== "failed" || !isOnline) return null;
  return (
    <div className={styles.banner} role="alert" data-testid="banner-nodes">
      <strong>{t("status.classesFailed", { error })}</strong>
      <span>{t("status.classesFailedHint")}</span>
      <Button size="compact-sm" variant="light" onClick={() => void loadDefs()}>
        {t("status.again")}
      </Button>
    </div>
  );
}
