import { Button } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "@/store/perform";
import { activeTab, useTabs } from "@/store/persist/tabs";
import { compareVersions, viewVersion } from "@/store/versions/compare";
import { savedOf } from "@/store/versions/saved";
import { showTimeline, useTimeline } from "@/store/versions/timeline";
import type { VersionItem } from "@/store/versions/types";
import { BranchBar } from "./BranchBar";
import { Timeline } from "./Timeline";
import { UnsavedStrip } from "./UnsavedStrip";
import { VersionActions } from "./VersionActions";
import styles from "./Versions.module.css";

/** The history of the open workflow: every version, and what can be done with each. */
export function VersionsPanel() {
  const { t } = useTranslation("versions");
  const tab = useTabs(activeTab);
  const saved = savedOf(tab);
  const { workflow, error } = useTimeline();
  const { chosen, choose, isPicking, pick } = useChoice();
  const name = saved?.workflow ?? null;
  useEffect(() => {
    void showTimeline(name);
    const again = () => void showTimeline(name);
    window.addEventListener("focus", again);
    return () => window.removeEventListener("focus", again);
  }, [name]);
  if (saved === null || workflow === null) return <NeverSaved />;
  return (
    <div className={styles.panel}>
      <BranchBar saved={saved} />
      {tab?.isSaved === false && <UnsavedStrip saved={saved} />}
      {error !== null && (
        <p className={styles.hint} role="alert">
          {error.unreachable ? t("unreachable") : error.message}
        </p>
      )}
      {isPicking && (
        <p className={styles.hint} role="status">
          {t("pick", { number: chosen?.number ?? 0 })}
        </p>
      )}
      <Timeline
        chosen={chosen}
        current={saved.version}
        label={t("timeline", { name: workflow })}
        onChoose={choose}
        onOpen={viewVersion}
      />
      {chosen !== null && <VersionActions version={chosen} saved={saved} onPick={pick} />}
    </div>
  );
}

/** The version that is chosen; choosing a second one compares both. */
function useChoice() {
  const workflow = useTimeline((timeline) => timeline.workflow);
  const versions = useTimeline((timeline) => timeline.versions);
  const [id, setId] = useState<string | null>(null);
  const [isPicking, setPicking] = useState(false);
  // The list is asked for again and again: a version's names may be others by now.
  const chosen = versions.find((version) => version.id === id) ?? null;
  const choose = useCallback(
    (version: VersionItem, isSecond: boolean) => {
      const first = useTimeline.getState().versions.find((one) => one.id === id);
      setPicking(false);
      if ((!isSecond && !isPicking) || first === undefined || first.id === version.id) {
        setId(version.id);
        return;
      }
      const [before, after] = first.number < version.number ? [first, version] : [version, first];
      void compareVersions(workflow ?? "", before, after);
    },
    [id, isPicking, workflow],
  );
  return { chosen, choose, isPicking, pick: () => setPicking(true) };
}

function NeverSaved() {
  const { t } = useTranslation("versions");
  return (
    <div className={styles.empty}>
      <p>{t("none")}</p>
      <Button size="compact-sm" onClick={() => runCommand("file.save")}>
        {t("save")}
      </Button>
    </div>
  );
}
