import { UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useRuns } from "@/store/runs";
import { togglePanel } from "@/store/shell";
import styles from "./RunBar.module.css";

/** How many jobs wait and run; opens the queue. */
export function QueueCount() {
  const { t } = useTranslation("run");
  const remaining = useRuns((runs) => runs.remaining) ?? 0;
  return (
    <UnstyledButton
      className={styles.queue}
      data-busy={remaining > 0 || undefined}
      data-testid="queue-count"
      aria-label={t("queued", { count: remaining })}
      onClick={() => togglePanel("queue")}
    >
      {remaining}
    </UnstyledButton>
  );
}
