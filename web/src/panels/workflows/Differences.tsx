import { useTranslation } from "react-i18next";
import { type Difference, diff } from "@/graph/diff";
import { type Document, ROOT } from "@/graph/document";
import { useDefs } from "@/store/defs";
import styles from "./Differences.module.css";
import { sidesOf } from "./sides";

const MOST = 100;

/** What saving would change in the file, node by node. */
export function Differences({ theirs, ours }: { readonly theirs: Document; readonly ours: Document }) {
  const { t } = useTranslation("files");
  const defs = useDefs((state) => state.defs);
  const all = diff(theirs, ours, defs);
  return (
    <section className={styles.box} aria-label={t("differences.label")} data-testid="differences">
      <h3 className={styles.heading}>{t("differences.label")}</h3>
      {all.length === 0 && <p className={styles.none}>{t("differences.none")}</p>}
      <ul className={styles.list}>
        {all.slice(0, MOST).map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is made once and never reordered.
          <li key={index} data-kind={one.kind}>
            <DifferenceText difference={one} document={ours} />
          </li>
        ))}
      </ul>
      {all.length > MOST && (
        <p className={styles.none}>{t("differences.more", { count: all.length - MOST })}</p>
      )}
    </section>
  );
}

function DifferenceText({
  difference,
  document,
}: {
  readonly difference: Difference;
  readonly document: Document;
}) {
  const { t } = useTranslation("files");
  const [from, to] = sidesOf(difference);
  const name = document.graphs.by[difference.graph]?.info["name"];
  const isInside = difference.graph !== ROOT && "node" in difference;
  return (
    <>
      {t(`differences.${difference.kind}`, {
        title: difference.title,
        input: "input" in difference ? difference.input : "",
        from: from ?? t("differences.nothing"),
        to: to ?? t("differences.nothing"),
      })}
      {isInside && (
        <span className={styles.graph}> {t("differences.graph", { graph: name ?? difference.graph })}</span>
      )}
    </>
  );
}
