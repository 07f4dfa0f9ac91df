import { Button, Group, TextInput } from "@mantine/core";
import { IconFilePlus, IconFolderOpen, IconSearch } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "@/store/commands";
import { refreshListing, useListing } from "@/store/files/listing";
import { newWorkflow } from "@/store/files/opening";
import { matching, treeOf } from "@/store/files/tree";
import { workspace } from "@/store/persist";
import { FileTree } from "./FileTree";
import { RecentDrafts } from "./RecentDrafts";
import styles from "./WorkflowsPanel.module.css";

/** Saved workflows in their folders, and the edits that are in no file yet. */
export function WorkflowsPanel() {
  const { t } = useTranslation("files");
  const [typed, setTyped] = useState("");
  const { files, status } = useListing();
  const tree = useMemo(() => treeOf(matching(files, typed)), [files, typed]);
  useEffect(() => {
    void refreshListing();
    void workspace().listRecent();
    void workspace().listOffers();
  }, []);
  return (
    <div className={styles.panel}>
      <Group gap="xs" wrap="nowrap">
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconFilePlus size={14} />}
          onClick={newWorkflow}
        >
          {t("panel.new")}
        </Button>
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconFolderOpen size={14} />}
          onClick={() => runCommand("file.open")}
        >
          {t("panel.open")}
        </Button>
      </Group>
      <TextInput
        size="xs"
        leftSection={<IconSearch size={14} />}
        placeholder={t("panel.search")}
        aria-label={t("panel.search")}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <RecentDrafts />
      <h3 className={styles.heading}>{t("panel.saved")}</h3>
      {status === "failed" && (
        <p className={styles.hint} role="alert">
          {t("panel.unreachable")}
        </p>
      )}
      {status === "ready" && tree.length === 0 && (
        <p className={styles.hint}>{typed === "" ? t("panel.empty") : t("panel.nothing", { typed })}</p>
      )}
      <FileTree entries={tree} isSearching={typed !== ""} />
    </div>
  );
}
