import { Alert, Button, Chip, Group, Loader, SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import styles from "./Library.module.css";
import { LibraryCard } from "./LibraryCard";
import { SCOPES, useLibraryList } from "./useLibraryList";

/** Every workflow the server keeps: those published as functions with their forms, and all others. */
export function LibraryList({ query }: { readonly query: string }) {
  const { t } = useTranslation("functions");
  const { workflows, functions, total, status, labels, label, scope, show, more } = useLibraryList(query);
  return (
    <div className={styles.library}>
      <div className={styles.filters}>
        <SegmentedControl
          size="xs"
          aria-label={t("library.scope")}
          data={SCOPES.map((one) => ({ value: one, label: t(`library.scopes.${one}`) }))}
          value={scope}
          onChange={(one) => show({ scope: SCOPES.find((known) => known === one) ?? "published" })}
        />
        {labels.length > 0 && (
          <Group gap={6} role="group" aria-label={t("library.labels")}>
            {labels.map((one) => (
              <Chip
                key={one}
                size="xs"
                checked={one === label}
                onChange={() => show({ label: one === label ? null : one })}
              >
                {one}
              </Chip>
            ))}
          </Group>
        )}
      </div>
      {status === "failed" && (
        <Alert color="red" mb="md">
          {t("library.failed")}{" "}
          <Button size="compact-xs" variant="default" onClick={() => show({})}>
            {t("form.again")}
          </Button>
        </Alert>
      )}
      {status === "loading" && <Loader size="sm" aria-label={t("library.loading")} />}
      <ul className={styles.cards} data-testid="library">
        {workflows.map((workflow) => (
          <LibraryCard
            key={workflow.uid}
            workflow={workflow}
            callable={functions.get(workflow.name)}
            onLabel={(one) => show({ label: one })}
          />
        ))}
      </ul>
      {status === "ready" && workflows.length === 0 && (
        <p className={styles.none}>
          {t(query !== "" || label !== null ? "library.noneFound" : `library.none.${scope}`)}
        </p>
      )}
      {workflows.length < total && (
        <Button variant="subtle" size="compact-sm" onClick={more}>
          {t("library.more", { count: total - workflows.length })}
        </Button>
      )}
    </div>
  );
}
