import { IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Document, GraphId } from "@/graph/document";
import { leave, useEditor } from "@/store/editor";
import { useTabs } from "@/store/persist/tabs";
import styles from "./Breadcrumb.module.css";

/** The subgraphs one has entered, and the way back. */
export function Breadcrumb() {
  const { t } = useTranslation("app");
  const path = useEditor((editor) => editor.path);
  const open = useTabs(({ tabs, active }) => tabs.find((tab) => tab.docId === active));
  const document = useEditor((editor) => editor.document);
  if (path.length === 0) return null;
  const steps = [
    open?.name?.split("/").at(-1) ?? open?.title ?? t("untitled"),
    ...path.map(({ shows }) => nameOf(document, shows)),
  ];
  return (
    <nav className={styles.path} aria-label={t("breadcrumb")}>
      <ol>
        {steps.map((step, depth) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is known by how deep it is
          <li key={depth}>
            {depth > 0 && <IconChevronRight size={14} aria-hidden />}
            {depth === path.length ? (
              <span aria-current="page">{step}</span>
            ) : (
              <button type="button" onClick={() => leave(depth)}>
                {step}
              </button>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function nameOf(document: Document, graph: GraphId): string {
  const name = document.graphs.by[graph]?.info["name"];
  return typeof name === "string" && name !== "" ? name : graph;
}
