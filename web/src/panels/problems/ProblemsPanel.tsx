import { Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useRuns } from "@/store/runs";
import { ProblemItem } from "./ProblemItem";
import styles from "./Problems.module.css";

/** Everything that is wrong with the open workflow or its last run, each with what to do about it. */
export function ProblemsPanel() {
  const { t } = useTranslation("problems");
  const problems = useRuns((runs) => runs.problems);
  if (problems.length === 0) {
    return (
      <div className={styles.none}>
        <IconCircleCheck size={28} stroke={1.4} aria-hidden />
        <Text size="sm">{t("none")}</Text>
      </div>
    );
  }
  return (
    <ul className={styles.list}>
      {problems.map((problem, index) => (
        // Two may be equal in every word: the place in the list is all that tells them apart.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <ProblemItem key={`${problem.node} ${problem.input} ${problem.code} ${index}`} problem={problem} />
      ))}
    </ul>
  );
}
