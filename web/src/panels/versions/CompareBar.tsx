import { ActionIcon, Button, CloseButton, SegmentedControl, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconExchange } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { restoreVersion } from "@/store/versions/actions";
import {
  COMPARE_MODES,
  compareVersions,
  endCompare,
  showMode,
  swapSides,
  useCompare,
} from "@/store/versions/compare";
import styles from "./Stage.module.css";

interface Props {
  readonly labels: readonly [string, string];
  /** One version is looked at, and not compared. */
  readonly isSingle: boolean;
  /** Which difference is looked at; -1 for none. */
  readonly at: number;
  readonly total: number;
  readonly onLook: (at: number) => void;
}

/** What is compared and how it is shown, and the way from one difference to the next. */
export function CompareBar({ labels, isSingle, at, total, onLook }: Props) {
  const { t } = useTranslation("versions");
  const { comparison, mode } = useCompare();
  const next = useRef<HTMLButtonElement>(null);
  // Those who came by keyboard go on from here.
  useEffect(() => next.current?.focus({ preventScroll: true }), []);
  const [before, after] = labels;
  const version = comparison?.before.version ?? null;
  return (
    <header className={styles.bar}>
      <h2 className={styles.title} title={isSingle ? before : `${before} → ${after}`}>
        {isSingle ? t("compareView.only", { version: before }) : t("compareView.title", { before, after })}
      </h2>
      <div className={styles.tools}>
        {isSingle && version !== null && (
          <>
            <Button size="compact-sm" onClick={() => void compareVersions(version.workflow, version)}>
              {t("compareNow")}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => {
                endCompare();
                void restoreVersion(version);
              }}
            >
              {t("restore")}
            </Button>
          </>
        )}
        {!isSingle && (
          <>
            <span className={styles.count} role="status">
              {total === 0
                ? t("compareView.same")
                : t("compareView.count", { at: at < 0 ? "–" : at + 1, total })}
            </span>
            <ActionIcon
              variant="default"
              aria-label={t("compareView.previous")}
              disabled={total === 0}
              onClick={() => onLook(at < 0 ? total - 1 : at - 1)}
            >
              <IconArrowUp size={16} aria-hidden />
            </ActionIcon>
            <ActionIcon
              ref={next}
              variant="default"
              aria-label={t("compareView.next")}
              disabled={total === 0}
              onClick={() => onLook(at + 1)}
              data-testid="next-difference"
            >
              <IconArrowDown size={16} aria-hidden />
            </ActionIcon>
            <Tooltip label={t("compareView.swap")}>
              <ActionIcon variant="default" aria-label={t("compareView.swap")} onClick={swapSides}>
                <IconExchange size={16} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <SegmentedControl
              size="xs"
              aria-label={t("compareView.mode")}
              value={mode}
              onChange={(value) => showMode(COMPARE_MODES.find((one) => one === value) ?? "canvas")}
              data={COMPARE_MODES.map((value) => ({ value, label: t(`compareView.${value}`) }))}
            />
          </>
        )}
      </div>
      <CloseButton aria-label={t("compareView.close")} onClick={endCompare} data-testid="end-compare" />
    </header>
  );
}
