import { Alert, Button, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "@/store/perform";
import { useQueue, watchQueue } from "@/store/runs/queue";
import { PendingList } from "./PendingList";
import styles from "./Queue.module.css";
import { RunningJob } from "./RunningJob";

/** What runs and what waits, in order, and what can be done about it. */
export function QueuePanel() {
  const { t } = useTranslation("run");
  const { running, pending, paused, isLoaded, error } = useQueue();
  useEffect(watchQueue, []);
  return (
    <div className={styles.panel}>
      <div className={styles.actions}>
        <Button
          size="compact-sm"
          variant={paused ? "filled" : "default"}
          leftSection={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
          data-testid="queue-pause"
          onClick={() => runCommand("run.pause")}
        >
          {paused ? t("queue.resume") : t("queue.pause")}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconTrash size={14} />}
          disabled={pending.length === 0}
          data-testid="queue-clear"
          onClick={() => runCommand("run.clear")}
        >
          {t("queue.clear")}
        </Button>
      </div>
      {error !== null && (
        <Alert color="red" p="xs" title={t("queue.unknown")}>
          {error.message}
        </Alert>
      )}
      {paused && (
        <Alert color="yellow" p="xs">
          {t("queue.paused")}
        </Alert>
      )}
      <h3 className={styles.heading}>{t("queue.running")}</h3>
      {running.length === 0 && <Text className={styles.empty}>{t("queue.nothingRuns")}</Text>}
      <ul className={styles.list}>
        {running.map((job) => (
          <RunningJob key={job.id} job={job} />
        ))}
      </ul>
      <h3 className={styles.heading}>{t("queue.pending", { count: pending.length })}</h3>
      {isLoaded && pending.length === 0 && <Text className={styles.empty}>{t("queue.nothingWaits")}</Text>}
      <PendingList pending={pending} />
    </div>
  );
}
