import { VisuallyHidden } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useRuns } from "@/store/runs";
import { feed } from "@/store/runs/live";

/** Tells those who listen to the page what those who look at it see happen. */
export function Announcer() {
  const { t } = useTranslation("app");
  const [said, say] = useState("");
  const problems = useRuns((runs) => runs.problems.length);
  const connection = useRuns((runs) => runs.connection);
  useEffect(() => {
    const begun = new Set<string>();
    const stopMove = feed.onMove(() => {
      for (const { id, view } of feed.following.values()) {
        if (view.state !== "running" || begun.has(id)) continue;
        begun.add(id);
        say(t("announce.running"));
      }
    });
    const stopEnd = feed.onEnd(({ view }) => say(t(`announce.${view.state}`)));
    return () => {
      stopMove();
      stopEnd();
    };
  }, [t]);
  return (
    <VisuallyHidden role="log" aria-live="polite" aria-label={t("announce.label")}>
      <p>{said}</p>
      {problems > 0 && <p>{t("announce.problems", { count: problems })}</p>}
      {connection === "offline" && <p>{t("connection.offlineHint")}</p>}
    </VisuallyHidden>
  );
}
