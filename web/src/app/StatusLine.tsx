import { useTranslation } from "react-i18next";
import { KeptStatus } from "@/panels/workflows/KeptStatus";
import { useDefs } from "@/store/defs";
import { shownGraph, useEditor } from "@/store/editor";
import styles from "./StatusLine.module.css";

/** The line at the bottom: how big the graph on screen is, what is selected, what the server has. */
export function StatusLine() {
  const { t } = useTranslation("app");
  const nodes = useEditor((state) => state.document.graphs.by[shownGraph(state)]?.nodes.ids.length ?? 0);
  const links = useEditor((state) => state.document.graphs.by[shownGraph(state)]?.links.ids.length ?? 0);
  const selected = useEditor((state) => state.selection.size);
  return (
    <footer className={styles.line}>
      <span>{t("status.nodes", { count: nodes })}</span>
      <span>{t("status.links", { count: links })}</span>
      {selected > 0 && <span>{t("status.selected", { count: selected })}</span>}
      <span className={styles.end}>
        <KeptStatus />
      </span>
      <Classes />
    </footer>
  );
}

function Classes() {
  const { t } = useTranslation("app");
  const { defs, status } = useDefs();
  if (status === "loading") return <span>{t("status.classesLoading")}</span>;
  if (status === "failed") return <span className={styles.trouble}>{t("status.noClasses")}</span>;
  return <span>{t("status.classes", { count: defs.size })}</span>;
}
