import { Button, Table } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useHistory } from "@/store/runs/history";
import { openViewer, type Viewed, viewOf } from "@/store/viewer";
import { type Difference, differences } from "../gallery/facts";
import { jobDetail } from "../gallery/jobDetail";
import styles from "./History.module.css";

interface Props {
  /** Ids of one or two runs. */
  readonly chosen: readonly string[];
  readonly onDone: () => void;
}

/** What two runs differ in, and their pictures one upon the other. */
export function CompareRuns({ chosen, onDone }: Props) {
  const { t } = useTranslation("run");
  const jobs = useHistory((history) => history.jobs);
  const [found, setFound] = useState<readonly Difference[] | null>(null);
  const [before, after] = chosen;
  useEffect(() => {
    let isStale = false;
    setFound(null);
    if (before === undefined || after === undefined) return;
    void Promise.all([jobDetail(before), jobDetail(after)]).then(([a, b]) => {
      if (!isStale && a !== null && b !== null) setFound(differences(a.prompt, b.prompt));
    });
    return () => {
      isStale = true;
    };
  }, [before, after]);

  const pictures = chosen.flatMap((id): Viewed[] => {
    const file = jobs.find((job) => job.id === id)?.files[0];
    if (file === undefined) return [];
    return [viewOf(id, file)];
  });
  return (
    <section className={styles.compare} aria-label={t("history.compare")}>
      <div className={styles.actions}>
        <span className={styles.detail}>
          {after === undefined ? t("history.chooseOther") : t("history.compareTwo")}
        </span>
        <Button size="compact-xs" disabled={pictures.length < 2} onClick={() => openViewer(pictures, 0, 1)}>
          {t("history.comparePictures")}
        </Button>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={onDone}>
          {t("history.compareEnd")}
        </Button>
      </div>
      {found !== null && found.length === 0 && <span className={styles.detail}>{t("history.same")}</span>}
      {found !== null && found.length > 0 && (
        <Table fz="xs" layout="fixed" verticalSpacing={2}>
          <Table.Tbody>
            {found.map((one) => (
              <Table.Tr key={`${one.node} ${one.input}`}>
                <Table.Td className={styles.cell}>
                  {one.title} · {one.input}
                </Table.Td>
                <Table.Td className={styles.cell}>{one.before}</Table.Td>
                <Table.Td className={styles.cell}>{one.after}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </section>
  );
}
