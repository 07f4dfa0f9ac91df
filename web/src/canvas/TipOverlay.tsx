import { useTranslation } from "react-i18next";
import styles from "./TipOverlay.module.css";
import { useTip } from "./tip";

/** What is wrong with the thing under the pointer, and what would mend it. */
export function TipOverlay() {
  const { i18n } = useTranslation("problems");
  const tip = useTip((state) => state.tip);
  if (tip === null) return null;
  const { anchor, problems } = tip;
  const isLow = anchor.bottom > window.innerHeight - 160;
  const style = {
    left: Math.max(8, Math.min(anchor.left, window.innerWidth - 340)),
    ...(isLow ? { bottom: window.innerHeight - anchor.top + 6 } : { top: anchor.bottom + 6 }),
  };
  return (
    <div
      className={styles.tip}
      style={style}
      role="tooltip"
      data-warning={problems.every(({ isWarning }) => isWarning) || undefined}
    >
      {problems.map((problem) => {
        const key = `problems:remedy.${problem.code}`;
        const remedy = i18n.exists(key) ? i18n.t(key) : "";
        return (
          <div key={`${problem.code}/${problem.input}/${problem.message}`} className={styles.problem}>
            <strong>{problem.message}</strong>
            {problem.details !== "" && <span>{problem.details}</span>}
            {remedy !== "" && <em>{remedy}</em>}
          </div>
        );
      })}
    </div>
  );
}
