import { ActionIcon, CloseButton, Tooltip } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "@/store/perform";
import { workspace } from "@/store/persist";
import { type Tab, useTabs } from "@/store/persist/tabs";
import styles from "./WorkflowTabs.module.css";

/** The workflows that are open. A dot marks those with edits that are not in their file. */
export function WorkflowTabs() {
  const { t } = useTranslation(["app", "commands"]);
  const { tabs, active } = useTabs();
  const name = t("commands:file.new");
  return (
    <nav className={styles.bar} aria-label={t("tabs.label")}>
      <ul className={styles.tabs}>
        {tabs.map((tab) => (
          <WorkflowTab key={tab.docId} tab={tab} isActive={tab.docId === active} />
        ))}
      </ul>
      <Tooltip label={name}>
        <ActionIcon
          className={styles.add ?? ""}
          variant="subtle"
          color="gray"
          aria-label={name}
          onClick={() => runCommand("file.new")}
        >
          <IconPlus size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </nav>
  );
}

function WorkflowTab({ tab, isActive }: { readonly tab: Tab; readonly isActive: boolean }) {
  const { t } = useTranslation("app");
  const item = useRef<HTMLLIElement>(null);
  // Saving goes to the branch main unless something is said.
  const branch = tab.home?.kind === "version" && tab.home.branch !== "main" ? tab.home.branch : null;
  const shown = tab.name?.split("/").at(-1) ?? tab.title ?? t("untitled");
  useEffect(() => {
    if (!isActive) return;
    document.title = `${tab.isSaved ? "" : "● "}${shown} · Darkroom`;
    item.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [isActive, shown, tab.isSaved]);
  return (
    <li ref={item} className={styles.tab} data-active={isActive || undefined} data-testid="workflow-tab">
      <button
        type="button"
        className={styles.name}
        aria-current={isActive ? "page" : undefined}
        title={tab.name ?? shown}
        onClick={() => workspace().show(tab.docId)}
        onDoubleClick={() => runCommand("file.rename")}
        onAuxClick={(event) => {
          if (event.button === 1) void workspace().close(tab.docId);
        }}
      >
        <span className={styles.text}>{shown}</span>
        {branch !== null && <span className={styles.branch}>{branch}</span>}
        {!tab.isSaved && (
          <span className={styles.dot} role="img" aria-label={t("unsaved")} title={t("unsaved")}>
            ●
          </span>
        )}
      </button>
      <CloseButton
        size="xs"
        className={styles.close ?? ""}
        aria-label={t("tabs.close", { name: shown })}
        onClick={() => void workspace().close(tab.docId)}
      />
    </li>
  );
}
