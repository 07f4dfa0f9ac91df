import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { sorted } from "@/canvas/compare/marks";
import type { Difference } from "@/graph/diff";
import { endCompare, useCompare, useDifferences, useSides } from "@/store/versions/compare";
import { CompareBar } from "./CompareBar";
import { DifferenceList } from "./DifferenceList";
import { goTo } from "./goTo";
import { keepKeys } from "./keepKeys";
import { Panes } from "./Panes";
import styles from "./Stage.module.css";
import { sideLabel } from "./sideLabel";

/**
 * Two versions compared. What is open now is marked on the canvas itself, which can be edited all the while;
 * anything else is drawn to be looked at.
 */
export function CompareStage() {
  const { t } = useTranslation("versions");
  const { comparison, mode, lit } = useCompare();
  const sides = useSides();
  const differences = useDifferences();
  const { meaning, layout } = useMemo(() => sorted(differences), [differences]);
  const [hasLayout, setLayout] = useState(false);
  const [looked, setLooked] = useState({ comparison, at: -1 });
  // Another comparison begins anew.
  const at = looked.comparison === comparison ? looked.at : -1;
  const listed = hasLayout ? [...meaning, ...layout] : meaning;
  // Another workflow is shown: this was about the one before.
  useEffect(() => {
    if (comparison !== null && sides === null) endCompare();
  }, [comparison, sides]);
  if (comparison === null || sides === null) return null;
  const { before, after } = comparison;
  const isLive = after.version === null && mode === "canvas";
  const isSingle = before.version !== null && before.version.id === after.version?.id;
  const look = (index: number) => {
    const one = listed[(index + listed.length) % listed.length];
    if (one === undefined) return;
    setLooked({ comparison, at: (index + listed.length) % listed.length });
    useCompare.setState({ lit: placeOf(one) });
    if (isLive) goTo(one, sides);
  };
  const labels = [sideLabel(before.version, t), sideLabel(after.version, t)] as const;
  return (
    <section
      className={styles.stage}
      data-live={isLive || undefined}
      aria-label={t("compareView.label")}
      data-testid="compare-stage"
      onKeyDown={(event) => {
        keepKeys(event, isLive);
        if (event.key === "Escape" && !event.defaultPrevented) endCompare();
      }}
    >
      <CompareBar labels={labels} isSingle={isSingle} at={at} total={listed.length} onLook={look} />
      <div className={styles.body}>
        {(mode !== "list" || isSingle) && !isLive && (
          <Panes
            documents={sides}
            labels={labels}
            differences={differences}
            isBoth={mode === "sides" && !isSingle}
            lit={lit}
          />
        )}
        {!isSingle && (
          <DifferenceList
            differences={listed}
            more={hasLayout ? 0 : layout.length}
            document={sides[1]}
            at={at}
            place={isLive ? "floating" : mode === "list" ? "wide" : "beside"}
            onLook={look}
            onMore={() => setLayout(true)}
          />
        )}
      </div>
    </section>
  );
}

function placeOf(one: Difference) {
  return "node" in one ? { graph: one.graph, node: one.node } : null;
}
