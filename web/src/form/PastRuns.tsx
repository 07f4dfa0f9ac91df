import { CloseButton } from "@mantine/core";
import { IconAlertTriangle, IconHourglass, IconLetterT } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import { Ago } from "@/panels/workflows/Ago";
import { type CallRun, forgetCall, isOver } from "@/store/functions/calls";
import styles from "./PastRuns.module.css";

interface Props {
  readonly runs: readonly CallRun[];
  /** The one whose results are above. */
  readonly shown: string | null;
  readonly onShow: (run: CallRun) => void;
}

/** The last runs of the form; each brings back what it gave and what it was given. */
export function PastRuns({ runs, shown, onShow }: Props) {
  const { t } = useTranslation("functions");
  return (
    <section className={styles.past} aria-label={t("past.title")}>
      <h2>{t("past.title")}</h2>
      <p>{t("past.hint")}</p>
      <ul data-testid="form-past">
        {runs.map((run) => (
          <li key={run.id}>
            <button
              type="button"
              className={styles.run}
              aria-pressed={run.id === shown}
              title={told(run)}
              onClick={() => onShow(run)}
            >
              <Face run={run} />
              <Ago at={run.begun} />
            </button>
            {isOver(run) && (
              <CloseButton
                size="xs"
                className={styles.forget ?? ""}
                aria-label={t("past.forget")}
                title={t("past.forget")}
                onClick={() => forgetCall(run.id)}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Face({ run }: { readonly run: CallRun }) {
  const { t } = useTranslation("functions");
  const picture = run.results.flatMap((result) => result.files)[0];
  if (picture !== undefined)
    return <img src={viewUrl(picture, "webp;75")} alt={t("past.picture")} loading="lazy" />;
  const Icon = !isOver(run) ? IconHourglass : run.state === "success" ? IconLetterT : IconAlertTriangle;
  return (
    <span className={styles.face} role="img" aria-label={t(`state.${run.state}`)}>
      <Icon size={22} stroke={1.4} aria-hidden />
    </span>
  );
}

/** What it was given, a line each. */
function told(run: CallRun): string {
  return Object.entries(run.inputs)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}
