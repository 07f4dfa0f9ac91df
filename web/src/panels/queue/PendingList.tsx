import { Button } from "@mantine/core";
import { type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Job, moveJob } from "@/store/runs/queue";
import { told } from "../run/told";
import { PendingJob } from "./PendingJob";
import styles from "./Queue.module.css";

const FIRST = 50;

/** Jobs that wait, in the order they will run; dragged, or moved with buttons and keys. */
export function PendingList({ pending }: { readonly pending: readonly Job[] }) {
  const { t } = useTranslation("run");
  const [shown, setShown] = useState(FIRST);
  const [dragged, setDragged] = useState<string | null>(null);
  const [over, setOver] = useState<string | null>(null);

  const drop = (target: string) => (event: DragEvent) => {
    event.preventDefault();
    setOver(null);
    if (dragged === null || dragged === target) return;
    const isDown = indexOf(pending, dragged) < indexOf(pending, target);
    void told(moveJob(dragged, isDown ? { after: target } : { before: target }));
  };
  return (
    <>
      <ol className={styles.list} aria-label={t("queue.pendingList")}>
        {pending.slice(0, shown).map((job, index) => (
          <li
            key={job.id}
            className={styles.item}
            data-testid={`queue-item-${job.id}`}
            data-status="pending"
            data-over={over === job.id || undefined}
            draggable
            onDragStart={(event) => {
              event.dataTransfer.effectAllowed = "move";
              setDragged(job.id);
            }}
            onDragEnd={() => {
              setDragged(null);
              setOver(null);
            }}
            onDragOver={(event) => {
              if (dragged === null) return;
              event.preventDefault();
              setOver(job.id);
            }}
            onDrop={drop(job.id)}
          >
            <PendingJob
              job={job}
              place={index + 1}
              above={pending[index - 1]?.id ?? null}
              below={pending[index + 1]?.id ?? null}
              first={pending[0]?.id ?? job.id}
            />
          </li>
        ))}
      </ol>
      {pending.length > shown && (
        <Button size="compact-sm" variant="subtle" onClick={() => setShown(shown + 200)}>
          {t("queue.more", { count: pending.length - shown })}
        </Button>
      )}
    </>
  );
}

function indexOf(pending: readonly Job[], id: string): number {
  return pending.findIndex((job) => job.id === id);
}
