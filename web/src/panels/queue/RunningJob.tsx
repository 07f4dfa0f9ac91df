import { ActionIcon, Progress, Tooltip } from "@mantine/core";
import { IconPlayerStopFilled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useEditor } from "@/store/editor";
import { useRunBar } from "@/store/runs/bar";
import { titleAt } from "@/store/runs/place";
import type { Job } from "@/store/runs/queue";
import { cancelJob } from "@/store/runs/stop";
import { duration } from "../run/format";
import { told } from "../run/told";
import { useNow } from "../run/useNow";
import styles from "./Queue.module.css";

/** A job that runs: how far it is, at which node, for how long. */
export function RunningJob({ job }: { readonly job: Job }) {
  const { t } = useTranslation("run");
  const progress = useRunBar((bar) => bar.running[job.id]);
  const seconds = (useNow() - (job.execution_start_time ?? job.create_time)) / 1000;
  const percent = progress === undefined || progress.all === 0 ? null : (100 * progress.done) / progress.all;
  const name = job.name ?? t("queue.unnamed");
  return (
    <li className={styles.item} data-testid={`queue-item-${job.id}`} data-status="running">
      <div className={styles.main}>
        <div className={styles.line}>
          <span className={styles.name}>{name}</span>
          <span className={styles.time}>{duration(Math.max(0, seconds))}</span>
        </div>
        <Progress
          size="sm"
          value={percent ?? 100}
          animated={percent === null}
          striped={percent === null}
          aria-label={t("progress")}
        />
        <div className={styles.detail}>
          {progress === undefined ? t("queue.others") : <Current {...progress} />}
        </div>
      </div>
      <Tooltip label={t("queue.stop")}>
        <ActionIcon
          variant="subtle"
          color="red"
          aria-label={t("queue.stopJob", { name })}
          onClick={() => told(cancelJob(job.id))}
        >
          <IconPlayerStopFilled size={14} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}

interface CurrentProps {
  readonly doc: string;
  readonly done: number;
  readonly all: number;
  readonly node: string | null;
}

function Current({ doc, done, all, node }: CurrentProps) {
  const { t } = useTranslation("run");
  const document = useEditor((editor) => (editor.docId === doc ? editor.document : null));
  const count = t("queue.nodes", { done: Math.floor(done), count: all });
  if (node === null) return count;
  return `${count} · ${document === null ? `#${node}` : titleAt(node, document)}`;
}
