import { VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useRuns } from "@/store/runs";

/** Tells those who listen to the page what those who look at it see happen. */
export function Announcer() {
  const { t } = useTranslation("app");
  const problems = useRuns((runs) => runs.problems.length);
  return (
    <VisuallyHidden aria-live="polite" role="log">
      {problems > 0 && t("announce.problems", { count: problems })}
    </VisuallyHidden>
  );
}
