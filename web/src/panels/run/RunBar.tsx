import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconPlayerPlayFilled, IconPlayerStopFilled, IconZoomQuestion } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useDefs } from "@/store/defs";
import { runCommand } from "@/store/perform";
import { useRuns } from "@/store/runs";
import { useRunBar } from "@/store/runs/bar";
import { useSettings } from "@/store/settings";
import { CountInput } from "./CountInput";
import { QueueCount } from "./QueueCount";
import styles from "./RunBar.module.css";
import { RunMenu } from "./RunMenu";
import { useFailures } from "./useFailures";

/** The run button with what belongs to it: how many, how, what waits, stop, explain. */
export function RunBar() {
  const { t } = useTranslation("run");
  useFailures();
  const isReady = useDefs((defs) => defs.status === "ready");
  const explaining = useRunBar((bar) => bar.explaining);
  const busy = useRuns((runs) => (runs.remaining ?? 0) > 0);
  const auto = useSettings((settings) => settings.autoQueue);
  return (
    <div className={styles.bar}>
      <Tooltip label={t("explainHint")} multiline maw={280}>
        <ActionIcon
          variant={explaining ? "light" : "subtle"}
          color={explaining ? "safelight" : "gray"}
          size={32}
          aria-label={t("explain")}
          aria-pressed={explaining}
          data-testid="explain-button"
          onClick={() => runCommand("run.explain")}
        >
          <IconZoomQuestion size={18} stroke={1.7} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <CountInput />
      <Button.Group className={styles.run}>
        <Tooltip label={t("runHint")}>
          <Button
            size="compact-md"
            h={32}
            className={styles.button}
            disabled={!isReady}
            leftSection={<IconPlayerPlayFilled size={14} aria-hidden />}
            data-testid="run-button"
            onClick={() => runCommand("run.queue")}
          >
            {auto === "off" ? t("run") : t(`auto.${auto}`)}
            <Progress />
          </Button>
        </Tooltip>
        <RunMenu />
      </Button.Group>
      <QueueCount />
      <Tooltip label={t("cancelHint")}>
        <ActionIcon
          variant="subtle"
          color="red"
          size={32}
          aria-label={t("cancel")}
          disabled={!busy}
          data-testid="cancel-button"
          onClick={() => runCommand("run.cancel")}
        >
          <IconPlayerStopFilled size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

/** How far the run of ours is, as a line along the button. */
function Progress() {
  const { t } = useTranslation("run");
  const percent = useRunBar(({ running }) => {
    const first = Object.values(running)[0];
    return first === undefined || first.all === 0 ? null : Math.floor((100 * first.done) / first.all);
  });
  if (percent === null) return null;
  return (
    <span
      role="progressbar"
      className={styles.progress}
      aria-label={t("progress")}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <i style={{ width: `${percent}%` }} />
    </span>
  );
}
