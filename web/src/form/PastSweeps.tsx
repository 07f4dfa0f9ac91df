import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { hashOf } from "@/app/route";
import { Ago } from "@/panels/workflows/Ago";
import { listSweeps, type SweepSummary } from "@/store/functions/sweeps";
import styles from "./SweepSetup.module.css";

/** The last sweeps of the workflow, whoever started them. */
export function PastSweeps({ workflow }: { readonly workflow: string }) {
  const { t } = useTranslation("functions");
  const [sweeps, setSweeps] = useState<readonly SweepSummary[]>([]);
  useEffect(() => {
    // Without the list one can still start another.
    listSweeps(workflow).then(setSweeps, () => setSweeps([]));
  }, [workflow]);
  if (sweeps.length === 0) return null;
  return (
    <section className={styles.past} aria-labelledby="past-sweeps">
      <h3 id="past-sweeps">{t("sweep.past")}</h3>
      <ul>
        {sweeps.map((sweep) => (
          <li key={sweep.id}>
            <a href={hashOf({ kind: "sweep", id: sweep.id })}>
              {sweep.varied.join(", ") || sweep.title || t("sweep.runs", { count: sweep.total })}
            </a>
            <span>{t("sweep.progress", { done: sweep.done, count: sweep.total })}</span>
            <Ago at={sweep.created} />
          </li>
        ))}
      </ul>
    </section>
  );
}
