import { useTranslation } from "react-i18next";
import type { Difference } from "@/graph/diff";
import { type Document, ROOT } from "@/graph/document";
import { sidesOf } from "@/store/versions/sides";
import styles from "./DifferenceBox.module.css";

interface Props {
  readonly difference: Difference;
  /** The newer one: names its subgraphs. */
  readonly document: Document;
  /** Signs of a value that are shown. */
  readonly longest?: number;
}

/** A difference in words. */
export function DifferenceText({ difference, document, longest }: Props) {
  const { t } = useTranslation("versions");
  const [from, to] = sidesOf(difference, longest);
  const name = document.graphs.by[difference.graph]?.info["name"];
  const isInside = difference.graph !== ROOT && "node" in difference;
  const nothing = t("nothing");
  return (
    <>
      {t(`differences.${difference.kind}`, {
        title: difference.title,
        input: "input" in difference ? difference.input : "",
        from: from ?? nothing,
        to: to ?? nothing,
      })}
      {isInside && (
        <span className={styles.graph}> {t("differences.graph", { graph: name ?? difference.graph })}</span>
      )}
    </>
  );
}
