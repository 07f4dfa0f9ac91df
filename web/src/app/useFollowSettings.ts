import { useEffect } from "react";
import { showLanguage } from "@/i18n";
import { useRuns } from "@/store/runs";
import { syncSettings, useSettings, watchOtherTabs } from "@/store/settings";

/** Lets settings act: those of other tabs and browsers too. */
export function useFollowSettings(): void {
  const language = useSettings((settings) => settings.language);
  const connection = useRuns((runs) => runs.connection);
  useEffect(watchOtherTabs, []);
  useEffect(() => void showLanguage(language), [language]);
  useEffect(() => {
    if (connection !== "offline") void syncSettings();
  }, [connection]);
}
