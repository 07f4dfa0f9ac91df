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

function duration(seconds: number, language: string): string {
  const digits = seconds < 10 ? 2 : seconds < 100 ? 1 : 0;
  const number = new Intl.NumberFormat(language, {
    maximumFractionDigits: digits,
    style: "unit",
    unit: "second",
    unitDisplay: "narrow",
  });
  return number.format(seconds);
}
