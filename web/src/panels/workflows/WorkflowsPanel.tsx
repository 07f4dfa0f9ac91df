import { Button, Group } from "@mantine/core";
import { IconFilePlus, IconFolderOpen } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { SearchField } from "@/panels/SearchField";
import { refreshListing, useListing } from "@/store/files/listing";
import { newWorkflow } from "@/store/files/opening";
import { matching, treeOf } from "@/store/files/tree";
import { runCommand } from "@/store/perform";
import { workspace } from "@/store/persist";
import { refreshLibrary } from "@/store/versions/library";
import { FileTree } from "./FileTree";
import { Labels } from "./Labels";
import { RecentDrafts } from "./RecentDrafts";
import { WorkflowList } from "./WorkflowList";
import styles from "./WorkflowsPanel.module.css";

/** Typing asks the server once it pauses. */
const PAUSE_MS = 200;

/** The workflows of the library, files that are in none, and edits that are not saved. */
export function WorkflowsPanel() {
  const { t } = useTranslation("files");
  const [typed, setTyped] = useState("");
  const { files } = useListing();
  const tree = useMemo(() => treeOf(matching(files, typed)), [files, typed]);
  useEffect(() => {
    void refreshListing();
    void workspace().listRecent();
    void workspace().listOffers();
  }, []);
  useEffect(() => {
    const waiting = setTimeout(
      () => void refreshLibrary({ search: typed.trim() }),
      typed === "" ? 0 : PAUSE_MS,
    );
    return () => clearTimeout(waiting);
  }, [typed]);
  return (
    <div className={styles.panel}>
      <Group gap="xs" wrap="nowrap">
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconFilePlus size={14} aria-hidden />}
          onClick={newWorkflow}
        >
          {t("panel.new")}
        </Button>
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconFolderOpen size={14} aria-hidden />}
          onClick={() => runCommand("file.open")}
        >
          {t("panel.open")}
        </Button>
      </Group>
      <SearchField label={t("panel.search")} value={typed} onChange={setTyped} />
      <Labels />
      <RecentDrafts />
      <h3 className={styles.heading}>{t("panel.saved")}</h3>
      <WorkflowList typed={typed} />
      {tree.length > 0 && (
        <>
          <h3 className={styles.heading}>{t("panel.files")}</h3>
          <p className={styles.hint}>{t("panel.filesHint")}</p>
          <FileTree entries={tree} isSearching={typed !== ""} />
        </>
      )}
    </div>
  );
}
