import { Alert, Button, Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { FilledForm } from "./FilledForm";
import styles from "./FormPage.module.css";
import { useCallable } from "./useCallable";

interface Props {
  /** NAME or NAME@REF. */
  readonly reference: string;
  /** The values an address carries. */
  readonly query: string;
}

/** A published workflow for people who do not want the graph: what it takes, and what it gave. */
export function FormPage({ reference, query }: Props) {
  const { t } = useTranslation("functions");
  const { callable, fields, error, again } = useCallable(reference);
  if (callable !== null) {
    return (
      <FilledForm
        key={callable.version.id}
        callable={callable}
        fields={fields}
        reference={reference}
        query={query}
      />
    );
  }
  if (error === null) {
    return (
      <div className={styles.waiting} role="status" aria-label={t("form.loading")}>
        <Skeleton height={28} width="40%" />
        <Skeleton height={120} />
        <Skeleton height={36} />
        <Skeleton height={36} />
      </div>
    );
  }
  return (
    <Alert color="red" title={t("form.cannot", { name: reference })} data-testid="form-error">
      <p>{error.unreachable ? t("form.unreachable") : error.message}</p>
      <Button size="compact-sm" variant="default" onClick={again}>
        {t("form.again")}
      </Button>
    </Alert>
  );
}
