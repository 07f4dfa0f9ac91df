import { ActionIcon, Checkbox, Tooltip } from "@mantine/core";
import { IconFileImport, IconRefresh, IconTrash } from "@tabler/icons-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { openRun } from "@/store/files";
import { forgetJob } from "@/store/runs/history";
import { type Job, retryJob } from "@/store/runs/queue";
import { openViewer, viewOf } from "@/store/viewer";
import { Thumbnail } from "../gallery/Thumbnail";
import { duration, moment } from "../run/format";
import { told } from "../run/told";
import styles from "./History.module.css";

interface Props {
  readonly job: Job;
  readonly isChosen: boolean;
  readonly onChoose: (id: string) => void;
}

/** One run: its first picture, how it ended, how long it took, what came from the cache. */
export const HistoryItem = memo(function HistoryItem({ job, isChosen, onChoose }: Props) {
  const { t } = useTranslation("run");
  const { id, status, execution_start_time: start, execution_end_time: end } = job;
  const name = job.name ?? t("queue.unnamed");
  const views = job.files.map((file) => viewOf(id, file));
  const [first] = views;
  const seconds = start && end ? (end - start) / 1000 : null;
  const error = messageOf(job);
  return (
    <li className={styles.item} data-testid={`history-item-${id}`} data-status={status}>
      <div className={styles.row}>
        {first === undefined ? (
          <div className={styles.noPicture} aria-hidden />
        ) : (
          <button
            type="button"
            className={styles.picture}
            aria-label={t("history.look", { name })}
            onClick={() => openViewer(views)}
          >
            <Thumbnail file={first.file} />
            {views.length > 1 && <span className={styles.count}>{views.length}</span>}
          </button>
        )}
        <div className={styles.main}>
          <span className={styles.name}>{name}</span>
          <span className={styles.detail}>
            {moment(end ?? job.create_time)}
            {seconds !== null && ` · ${duration(seconds)}`}
          </span>
          <span className={styles.detail}>
            <span className={styles.state}>{t(`history.state.${job.state}`)}</span>
            {job.nodes_run + job.nodes_cached > 0 &&
              t("history.counts", { ran: job.nodes_run, cached: job.nodes_cached })}
          </span>
          {views.some(({ file }) => file.replaced) && (
            <span className={styles.replaced} title={t("replaced.why")} data-testid="replaced">
              {t("replaced.badge")}
            </span>
          )}
        </div>
        <Checkbox
          size="xs"
          checked={isChosen}
          aria-label={t("history.choose", { name })}
          onChange={() => onChoose(id)}
        />
      </div>
      {error !== null && <div className={styles.error}>{error}</div>}
      <div className={styles.buttons}>
        <Action label={t("history.open")} onClick={() => told(openRun(id, job.name ?? undefined))}>
          <IconFileImport size={15} />
        </Action>
        <Action label={t("history.again")} onClick={() => told(retryJob(id))}>
          <IconRefresh size={15} />
        </Action>
        <Action label={t("history.forget")} onClick={() => told(forgetJob(id))}>
          <IconTrash size={15} />
        </Action>
      </div>
    </li>
  );
});

interface ActionProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}

function Action({ label, onClick, children }: ActionProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function messageOf(job: Job): string | null {
  const message = job.execution_error?.["exception_message"];
  return typeof message === "string" && message.trim() !== "" ? message.trim() : null;
}
