import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useEditor } from "@/store/editor";
import styles from "./WorkflowTitle.module.css";

/** What is open, with a dot while it is not in its file. */
export function WorkflowTitle() {
  const { t } = useTranslation("app");
  const name = useEditor((editor) => editor.name);
  const isDirty = useEditor((editor) => editor.document !== editor.saved);
  const shown = name ?? t("untitled");
  useEffect(() => {
    document.title = `${isDirty ? "● " : ""}${shown} · Darkroom`;
  }, [shown, isDirty]);
  return (
    <h1 className={styles.title} title={shown}>
      <span className={styles.name}>{shown}</span>
      {isDirty && (
        <span className={styles.dirty} role="img" aria-label={t("unsaved")} title={t("unsaved")}>
          ●
        </span>
      )}
    </h1>
  );
}
