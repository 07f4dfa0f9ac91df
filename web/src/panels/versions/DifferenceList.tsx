import { Button } from "@mantine/core";
import {
  IconChevronDown,
  IconChevronUp,
  IconLink,
  IconMinus,
  IconPencil,
  IconPlus,
  type TablerIcon,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Difference } from "@/graph/diff";
import type { Document } from "@/graph/document";
import { DifferenceText } from "./DifferenceText";
import styles from "./Stage.module.css";

interface Props {
  readonly differences: readonly Difference[];
  /** How many more there are that only look different. */
  readonly more: number;
  readonly document: Document;
  readonly at: number;
  /** `wide`: instead of a drawing, not beside it; `floating`: over what is marked, so that it can be folded. */
  readonly place: "beside" | "wide" | "floating";
  readonly onLook: (at: number) => void;
  readonly onMore: () => void;
}

const MOST = 500;
const BRIEF = 80;
const WHOLE = 2_000;

/** Every difference in words; choosing one shows where it is. */
export function DifferenceList({ differences, more, document, at, place, onLook, onMore }: Props) {
  const { t } = useTranslation("versions");
  const [isFolded, setFolded] = useState(false);
  const fold = place === "floating" && (
    <button
      type="button"
      className={styles.fold}
      aria-expanded={!isFolded}
      onClick={() => setFolded(!isFolded)}
    >
      {isFolded ? <IconChevronDown size={14} aria-hidden /> : <IconChevronUp size={14} aria-hidden />}
      {t("compareView.showList")}
    </button>
  );
  if (place === "floating" && isFolded) {
    return (
      <aside className={styles.list} data-folded aria-label={t("compareView.showList")}>
        {fold}
      </aside>
    );
  }
  return (
    <aside
      className={styles.list}
      data-wide={place === "wide" || undefined}
      aria-label={t("compareView.showList")}
    >
      {fold}
      {differences.length + more === 0 && <p className={styles.none}>{t("differences.none")}</p>}
      <ol data-testid="difference-list">
        {differences.slice(0, MOST).map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is made anew as a whole
          <li key={index}>
            <button
              type="button"
              aria-current={index === at ? "true" : undefined}
              data-kind={one.kind}
              onClick={() => onLook(index)}
            >
              <Sign kind={one.kind} />
              <span>
                <DifferenceText
                  difference={one}
                  document={document}
                  longest={place === "wide" ? WHOLE : BRIEF}
                />
              </span>
            </button>
          </li>
        ))}
      </ol>
      {differences.length > MOST && (
        <p className={styles.none}>{t("differences.more", { count: differences.length - MOST })}</p>
      )}
      {more > 0 && (
        <p className={styles.none}>
          {t("compareView.layout", { count: more })}{" "}
          <Button size="compact-xs" variant="default" onClick={onMore}>
            {t("compareView.layoutShow")}
          </Button>
        </p>
      )}
    </aside>
  );
}

function Sign({ kind }: { readonly kind: Difference["kind"] }) {
  const sign = kind.endsWith("Added") ? "added" : kind.endsWith("Removed") ? "removed" : "changed";
  const Icon: TablerIcon =
    kind === "rewired" ? IconLink : { added: IconPlus, removed: IconMinus, changed: IconPencil }[sign];
  return <Icon size={14} stroke={2.2} className={styles.sign} data-sign={sign} aria-hidden />;
}
