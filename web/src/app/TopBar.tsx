import { VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { RunBar } from "@/panels/run/RunBar";
import { CommandButton } from "./CommandButton";
import { Connection } from "./Connection";
import { ErrorBoundary } from "./ErrorBoundary";
import { MainMenu } from "./MainMenu";
import styles from "./TopBar.module.css";
import { UndoButtons } from "./UndoButtons";
import { WorkflowTabs } from "./WorkflowTabs";

/** The bar on top: menu, the open workflow, undo and redo, running, the server, settings. */
export function TopBar() {
  const { t } = useTranslation("app");
  return (
    <header className={styles.bar}>
      <VisuallyHidden>
        <h1>Darkroom</h1>
      </VisuallyHidden>
      <MainMenu />
      <WorkflowTabs />
      <div role="toolbar" aria-label={t("toolbar")} className={styles.tools}>
        <UndoButtons />
        <ErrorBoundary place="panel">
          <RunBar />
        </ErrorBoundary>
        <Connection />
        <span className={styles.wide}>
          <CommandButton id="help.palette" />
          <CommandButton id="help.settings" />
        </span>
      </div>
    </header>
  );
}
