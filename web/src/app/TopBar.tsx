import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useEditor } from "@/store/editor";
import { CommandButton } from "./CommandButton";
import { Connection } from "./Connection";
import { ErrorBoundary } from "./ErrorBoundary";
import { MainMenu } from "./MainMenu";
import { RunBar } from "./slots";
import styles from "./TopBar.module.css";
import { WorkflowTitle } from "./WorkflowTitle";

/** The bar on top: menu, the open workflow, undo and redo, running, the server, settings. */
export function TopBar() {
  const { t } = useTranslation("app");
  const canUndo = useEditor((editor) => editor.done.length > 0);
  const canRedo = useEditor((editor) => editor.undone.length > 0);
  return (
    <header className={styles.bar}>
      <MainMenu />
      <WorkflowTitle />
      <div role="toolbar" aria-label={t("toolbar")} className={styles.tools}>
        <CommandButton id="edit.undo" disabled={!canUndo} />
        <CommandButton id="edit.redo" disabled={!canRedo} />
        <ErrorBoundary place="panel">
          <Suspense fallback={null}>
            <RunBar />
          </Suspense>
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
