import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArrowBarToUp,
  IconArrowDown,
  IconArrowUp,
  IconDots,
  IconGripVertical,
  IconSortAscendingNumbers,
  IconX,
} from "@tabler/icons-react";
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { type Job, moveJob } from "@/store/runs/queue";
import { cancelJob } from "@/store/runs/stop";
import { moment } from "../run/format";
import { told } from "../run/told";
import { askPriority } from "./askPriority";
import styles from "./Queue.module.css";

interface Props {
  readonly job: Job;
  readonly place: number;
  /** Its neighbours, and the one that runs next. */
  readonly above: string | null;
  readonly below: string | null;
  readonly first: string;
}

/** A job that waits. The handle takes Alt+Up and Alt+Down; the menu has the same. */
export function PendingJob({ job, place, above, below, first }: Props) {
  const { t } = useTranslation("run");
  const name = job.name ?? t("queue.unnamed");
  const up = () => above !== null && void told(moveJob(job.id, { before: above }));
  const down = () => below !== null && void told(moveJob(job.id, { after: below }));
  const keys = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "ArrowUp") up();
    else down();
  };
  return (
    <>
      <ActionIcon
        variant="transparent"
        color="gray"
        className={styles.handle}
        aria-label={t("queue.handle", { name, place })}
        aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
        onKeyDown={keys}
      >
        <IconGripVertical size={14} />
      </ActionIcon>
      <span className={styles.place}>{place}</span>
      <div className={styles.main}>
        <span className={styles.name}>{name}</span>
        <span className={styles.detail}>
          {t("queue.since", { time: moment(job.create_time), priority: job.priority })}
        </span>
      </div>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t("queue.actions", { name })}>
            <IconDots size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconArrowBarToUp size={14} />}
            disabled={above === null}
            onClick={() => told(moveJob(job.id, { before: first }))}
          >
            {t("queue.next")}
          </Menu.Item>
          <Menu.Item leftSection={<IconArrowUp size={14} />} disabled={above === null} onClick={up}>
            {t("queue.up")}
          </Menu.Item>
          <Menu.Item leftSection={<IconArrowDown size={14} />} disabled={below === null} onClick={down}>
            {t("queue.down")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconSortAscendingNumbers size={14} />}
            onClick={() => askPriority(job.id, job.priority)}
          >
            {t("queue.priority")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t("queue.remove", { name })}
        onClick={() => told(cancelJob(job.id))}
      >
        <IconX size={14} />
      </ActionIcon>
    </>
  );
}
