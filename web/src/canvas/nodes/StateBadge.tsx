import { useTranslation } from "react-i18next";
import type { NodeRun } from "@/store/runs";
import styles from "./StateBadge.module.css";

/** What the node's last run came to, in a word or in seconds. */
export function StateBadge({ run }: { readonly run: NodeRun | undefined }) {
  const { t, i18n } = useTranslation("canvas");
  if (run === undefined) return null;
  const { state, seconds, progress, reason } = run;
  const done = state === "done" && seconds !== null ? duration(seconds, i18n.language) : null;
  const step = state === "running" && progress !== null ? `${progress[0]}/${progress[1]}` : null;
  return (
    <span className={styles.badge} data-badge={state} title={reason?.detail || undefined}>
      {done ?? step ?? t(`state.${state}`)}
    </span>
  );
}

/** As short as it can be and never nothing: 2 ms is not 0 s. */
export function duration(seconds: number, language: string): string {
  const isShort = seconds < 0.01;
  const number = new Intl.NumberFormat(language, {
    maximumFractionDigits: isShort ? 0 : seconds < 10 ? 2 : seconds < 100 ? 1 : 0,
    style: "unit",
    unit: isShort ? "millisecond" : "second",
    unitDisplay: "narrow",
  });
  return isShort && seconds < 0.0005
    ? `<${number.format(1)}`
    : number.format(isShort ? seconds * 1000 : seconds);
}
