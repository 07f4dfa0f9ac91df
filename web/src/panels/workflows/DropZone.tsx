import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { openFile } from "@/store/files/opening";
import styles from "./DropZone.module.css";

/** Takes files dropped anywhere on the page that nothing else took. */
export function DropZone() {
  const { t } = useTranslation("files");
  const isOver = useFileDrop();
  if (!isOver) return null;
  return (
    <div className={styles.zone} aria-hidden data-testid="drop-zone">
      <p className={styles.text}>{t("drop")}</p>
    </div>
  );
}

/** Whether files hover over the page. Without these handlers, the browser would leave for a file dropped on it. */
function useFileDrop(): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const show = (next: number) => {
      depth = Math.max(0, next);
      setOver(depth > 0);
    };
    const enter = (event: DragEvent) => hasFiles(event) && show(depth + 1);
    const leave = (event: DragEvent) => hasFiles(event) && show(depth - 1);
    const over = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      show(0);
      // A node took it: a picture dropped on a loader.
      if (event.defaultPrevented || !hasFiles(event)) return;
      event.preventDefault();
      const at = { x: event.clientX, y: event.clientY };
      void openAll([...(event.dataTransfer?.files ?? [])], at);
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, []);
  return isOver;
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") === true;
}

async function openAll(
  files: readonly File[],
  at: { readonly x: number; readonly y: number },
): Promise<void> {
  for (const file of files) await openFile(file, at);
}
