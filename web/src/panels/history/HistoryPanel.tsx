import { Alert, Button, SegmentedControl, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { clearHistory, useHistory, watchHistory } from "@/store/runs/history";
import { told } from "../run/told";
import { CompareRuns } from "./CompareRuns";
import styles from "./History.module.css";
import { HistoryItem } from "./HistoryItem";
import { LoadMore } from "./LoadMore";
import { useGrowing } from "./useGrowing";

const FIRST = 50;
type Shown = "all" | "completed" | "failed";

/** Runs that have ended, newest first: what came of them, and the graph of each. */
export function HistoryPanel() {
  const { t } = useTranslation("run");
  const { jobs, isLoaded, error } = useHistory();
  const [shown, setShown] = useState<Shown>("all");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  useEffect(watchHistory, []);

  const list = jobs.filter((job) => {
    if (shown !== "all") return (job.status === "completed") === (shown === "completed");
    return job.state !== "cancelled"; // what never ran has nothing to show
  });
  const { drawn, more } = useGrowing(list, FIRST);
  // The two last chosen are compared. Always the same function: no entry is drawn anew for it.
  const choose = useCallback(
    (id: string) =>
      setChosen((now) => (now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(-2))),
    [],
  );
  const clear = () =>
    modals.openConfirmModal({
      title: t("history.clearTitle"),
      children: <Text size="sm">{t("history.clearText")}</Text>,
      labels: { confirm: t("history.clear"), cancel: t("clear.keep") },
      confirmProps: { color: "red" },
      onConfirm: () => void told(clearHistory()),
    });
  return (
    <div className={styles.panel}>
      <div className={styles.actions}>
        <SegmentedControl
          size="xs"
          aria-label={t("history.shown")}
          value={shown}
          onChange={setShown}
          data={(["all", "completed", "failed"] as const).map((value) => ({
            value,
            label: t(`history.${value}`),
          }))}
        />
        <Button size="compact-xs" variant="subtle" color="gray" disabled={jobs.length === 0} onClick={clear}>
          {t("history.clear")}
        </Button>
      </div>
      {error !== null && (
        <Alert color="red" p="xs" title={t("history.unknown")}>
          {error.message}
        </Alert>
      )}
      {chosen.length > 0 && <CompareRuns chosen={chosen} onDone={() => setChosen([])} />}
      {isLoaded && list.length === 0 && <Text className={styles.empty}>{t("history.nothing")}</Text>}
      <ul className={styles.list}>
        {drawn.map((job) => (
          <HistoryItem key={job.id} job={job} isChosen={chosen.includes(job.id)} onChoose={choose} />
        ))}
      </ul>
      <LoadMore isShort={drawn.length < list.length} onGrow={more} length={drawn.length} />
    </div>
  );
}
