import { useTranslation } from "react-i18next";
import { discardDraft } from "@/store/files/drafts";
import { workspace } from "@/store/persist";
import { useTabs } from "@/store/persist/tabs";
import { DraftRow } from "./DraftRow";
import styles from "./WorkflowsPanel.module.css";

/** Edits that are in no file: of workflows closed here, and of other browsers. */
export function RecentDrafts() {
  const { t } = useTranslation("files");
  const recent = useTabs((state) => state.recent);
  const offers = useTabs((state) => state.offers);
  return (
    <>
      {recent.length > 0 && <h3 className={styles.heading}>{t("panel.recent")}</h3>}
      {recent.map(({ docId, name, title, updated }) => (
        <DraftRow
          key={docId}
          name={name ?? title}
          updated={updated}
          onOpen={() => void workspace().restore(docId)}
          onDiscard={() => void discardDraft(docId, name ?? title)}
        />
      ))}
      {offers.length > 0 && <h3 className={styles.heading}>{t("panel.offers")}</h3>}
      {offers.map(({ id, name, updated }) => (
        <DraftRow
          key={id}
          name={name}
          updated={updated}
          onOpen={() => void workspace().restore(id, { fromServer: true })}
          onDiscard={() => void discardDraft(id, name)}
        />
      ))}
    </>
  );
}
