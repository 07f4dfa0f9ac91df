import { Button } from "@mantine/core";
import { IconFocusCentered } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { centerOn } from "@/canvas/view";
import { useEditor } from "@/store/editor";
import { type PinnedProblem, useRuns } from "@/store/runs";
import { locate, titleAt } from "@/store/runs/place";
import styles from "./Problems.module.css";
import { Traceback } from "./Traceback";
import { problemText } from "./text";

export function ProblemItem({ problem }: { readonly problem: PinnedProblem }) {
  const { t } = useTranslation("problems");
  const { node, input, origin } = problem;
  const place = useEditor(({ document }) => (node === null ? null : titleAt(node, document)));
  const isThere = useEditor(({ document }) => node !== null && locate(node, document) !== null);
  const error = useRuns((runs) =>
    origin === "run" && !problem.isWarning && node !== null ? runs.nodes[node]?.error : null,
  );
  const { title, detail, remedy } = problemText(problem, t);
  const show = () => {
    const found = node === null ? null : locate(node);
    if (found !== null) centerOn(found.path, found.node);
  };
  return (
    <li
      className={styles.item}
      data-mild={origin === "local" || problem.isWarning || undefined}
      data-testid="problem-item"
      data-code={problem.code}
    >
      <div className={styles.head}>
        <span className={styles.title}>{title}</span>
        <span className={styles.origin}>{problem.isWarning ? t("warning") : t(`origin.${origin}`)}</span>
      </div>
      {place !== null && (
        <div className={styles.place}>
          {place}
          {input !== null && ` · ${input}`}
        </div>
      )}
      {detail !== "" && <div className={styles.detail}>{detail}</div>}
      {remedy !== null && <div className={styles.remedy}>{remedy}</div>}
      {isThere && (
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconFocusCentered size={14} />}
          aria-label={t("showNode", { node: place })}
          onClick={show}
        >
          {t("show")}
        </Button>
      )}
      {error && error.traceback.length > 0 && <Traceback error={error} />}
    </li>
  );
}
