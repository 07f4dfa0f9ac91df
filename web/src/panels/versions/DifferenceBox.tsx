import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { diff } from "@/graph/diff";
import type { Document } from "@/graph/document";
import { useDefs } from "@/store/defs";
import styles from "./DifferenceBox.module.css";
import { DifferenceText } from "./DifferenceText";

const MOST = 100;

/** What is different, node by node, in a dialog. */
export function DifferenceBox({ before, after }: { readonly before: Document; readonly after: Document }) {
  const { t } = useTranslation("versions");
  const defs = useDefs((state) => state.defs);
  const all = useMemo(() => diff(before, after, defs), [before, after, defs]);
  return (
    <section className={styles.box} aria-label={t("differences.label")} data-testid="differences">
      <h3 className={styles.heading}>{t("differences.label")}</h3>
      {all.length === 0 && <p className={styles.none}>{t("differences.none")}</p>}
      <ul className={styles.list}>
        {all.slice(0, MOST).map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is made once and never reordered.
          <li key={index} data-kind={one.kind}>
            <DifferenceText difference={one} document={after} />
          </li>
        ))}
      </ul>
      {all.length > MOST && (
        <p className={styles.none}>{t("differences.more", { count: all.length - MOST })}</p>
      )}
    </section>
  );
}
