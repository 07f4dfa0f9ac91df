import { Alert, Button, Progress } from "@mantine/core";
import { IconDownload, IconPlayerStopFilled, IconSchema } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import { hashOf } from "@/app/route";
import { choiceText } from "@/canvas/widgets/choices";
import type { CallRun } from "@/store/functions/calls";
import { isOver } from "@/store/functions/calls";
import type { Result } from "@/store/functions/results";
import type { FileRef } from "@/store/runs";
import { cancelJob } from "@/store/runs/stop";
import { wordsOf } from "./fields";
import styles from "./RunView.module.css";

/** One run: how far it is, and what it gave. */
export function RunView({ run }: { readonly run: CallRun }) {
  const { t } = useTranslation("functions");
  const isDone = isOver(run);
  return (
    <article className={styles.run} data-testid="form-result" data-state={run.state} aria-busy={!isDone}>
      <p className={styles.state} role="status">
        {t(`state.${run.state}`)}
      </p>
      {!isDone && <Going run={run} />}
      {run.error !== null && (
        <Alert className={styles.error ?? ""} color="red" title={t("form.failed")}>
          {run.error}
        </Alert>
      )}
      {run.results.map((result) => (
        <ResultView key={result.name} result={result} isOnly={run.results.length === 1} />
      ))}
      {run.state === "success" && run.results.length === 0 && <p>{t("form.gaveNothing")}</p>}
      {isDone && (
        <Button
          component="a"
          variant="subtle"
          size="compact-sm"
          href={hashOf({ kind: "run", id: run.id })}
          leftSection={<IconSchema size={14} aria-hidden />}
        >
          {t("form.openRun")}
        </Button>
      )}
    </article>
  );
}

function Going({ run }: { readonly run: CallRun }) {
  const { t } = useTranslation("functions");
  const [done, all] = run.progress;
  const percent = run.state === "queued" || all === 0 ? null : (100 * done) / all;
  return (
    <>
      <div className={styles.preview}>
        {run.preview === null ? <span aria-hidden /> : <img src={run.preview} alt={t("form.preview")} />}
      </div>
      <div className={styles.going}>
        <Progress
          className={styles.progress ?? ""}
          size="md"
          value={percent ?? 100}
          animated={percent === null}
          striped={percent === null}
          aria-label={t("form.progress")}
        />
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconPlayerStopFilled size={12} aria-hidden />}
          onClick={() => void cancelJob(run.id)}
        >
          {t("form.stop")}
        </Button>
      </div>
    </>
  );
}

function ResultView({ result, isOnly }: { readonly result: Result; readonly isOnly: boolean }) {
  const name = wordsOf(result.name);
  return (
    <section className={styles.result} aria-label={name}>
      {!isOnly && <h3>{name}</h3>}
      {result.files.length > 0 && (
        <div className={styles.pictures} data-many={result.files.length > 1 || undefined}>
          {result.files.map((file) => (
            <Picture key={viewUrl(file)} file={file} label={name} />
          ))}
        </div>
      )}
      {result.values.length > 0 && (
        <div className={styles.values}>
          {result.values.map((value, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: values have nothing else to be told apart by
            <output key={index} className={styles.value}>
              {choiceText(value)}
            </output>
          ))}
        </div>
      )}
    </section>
  );
}

/** Fills the page while it is pressed open. */
function Picture({ file, label }: { readonly file: FileRef; readonly label: string }) {
  const { t } = useTranslation("functions");
  const [isGone, setGone] = useState(false);
  if (isGone) return <p className={styles.gone}>{t("form.fileGone", { name: file.filename })}</p>;
  return (
    <figure className={styles.picture}>
      <a href={viewUrl(file)} target="_blank" rel="noreferrer" title={t("form.openPicture")}>
        <img src={viewUrl(file)} alt={`${label}: ${file.filename}`} onError={() => setGone(true)} />
      </a>
      <a
        className={styles.download}
        href={viewUrl(file)}
        download={file.filename}
        aria-label={t("form.download", { name: file.filename })}
        title={t("form.download", { name: file.filename })}
      >
        <IconDownload size={18} aria-hidden />
      </a>
    </figure>
  );
}
