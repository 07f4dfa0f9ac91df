import { useTranslation } from "react-i18next";
import { useRuns } from "@/store/runs";
import styles from "./PlanBadge.module.css";

/** While explanations are on: whether the node would run, and why. */
export function PlanBadge({ address }: { readonly address: string }) {
  const { t } = useTranslation("canvas");
  const plan = useRuns((state) => state.plan?.[address]);
  if (plan === undefined) return null;
  const why = [plan.reason?.detail, plan.reason?.input].filter((text) => text != null && text !== "");
  return (
    <span className={styles.badge} data-fate={plan.fate} title={why.join(" · ") || undefined}>
      {t(`plan.${plan.fate}`)}
    </span>
  );
}
