import { IconPlus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { newWorkflow } from "@/store/files/opening";
import { workspace } from "@/store/persist";
import { type Tab, useTabs } from "@/store/persist/tabs";
import styles from "./WorkflowTabs.module.css";

/** The workflows open in this page, when there is more than one. */
export function WorkflowTabs() {
  const { t } = useTranslation("files");
  const tabs = useTabs((state) => state.tabs);
  const active = useTabs((state) => state.active);
  if (tabs.length < 2) return null;
  return (
    <nav className={styles.strip} aria-label={t("tabs.label")}>
      <ul className={styles.tabs}>
        {tabs.map((tab) => (
          <WorkflowTab key={tab.docId} tab={tab} isActive={tab.docId === active} />
        ))}
      </ul>
      <button
        type="button"
        className={styles.add}
        aria-label={t("tabs.new")}
        title={t("tabs.new")}
        onClick={newWorkflow}
      >
        <IconPlus size={14} aria-hidden />
      </button>
    </nav>
  );
}

function WorkflowTab({ tab, isActive }: { readonly tab: Tab; readonly isActive: boolean }) {
  const { t } = useTranslation("files");
  const { docId, isSaved } = tab;
  const name = tab.name ?? tab.title ?? t("untitled");
  const short = name.split("/").at(-1) ?? name;
  const close = () => void workspace().close(docId);
  return (
    <li className={styles.tab} data-active={isActive} onAuxClick={(event) => event.button === 1 && close()}>
      <button
        type="button"
        className={styles.name}
        aria-current={isActive ? "page" : undefined}
        title={name}
        data-testid={`workflow-tab-${docId}`}
        onClick={() => workspace().show(docId)}
      >
        {short}
        {!isSaved && (
          <span className={styles.dot} role="img" aria-label={t("tabs.unsaved")}>
            ●
          </span>
        )}
      </button>
      <button
        type="button"
        className={styles.close}
        aria-label={t("tabs.close", { name: short })}
        onClick={close}
      >
        <IconX size={12} aria-hidden />
      </button>
    </li>
  );
}
