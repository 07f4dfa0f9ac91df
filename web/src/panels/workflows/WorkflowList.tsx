import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { moreWorkflows, refreshLibrary, useWorkflows } from "@/store/versions/library";
import styles from "./Library.module.css";
import { WorkflowRow } from "./WorkflowRow";

/** The workflows that match, the last changed first. */
export function WorkflowList({ typed }: { readonly typed: string }) {
  const { t } = useTranslation("files");
  const { workflows, total, status, reason, label, isArchive } = useWorkflows();
  const isFiltered = typed !== "" || label !== null || isArchive;
  return (
    <>
      {status === "failed" && (
        <p className={styles.hint} role="alert">
          {reason === "" ? t("panel.unreachable") : reason}{" "}
          <Button size="compact-xs" variant="default" onClick={() => void refreshLibrary()}>
            {t("panel.again")}
          </Button>
        </p>
      )}
      {status === "ready" && workflows.length === 0 && (
        <p className={styles.hint}>{isFiltered ? t("panel.nothing") : t("panel.empty")}</p>
      )}
      <ul className={styles.list}>
        {workflows.map((workflow) => (
          <WorkflowRow key={workflow.uid} workflow={workflow} />
        ))}
      </ul>
      {workflows.length < total && (
        <Button size="compact-sm" variant="subtle" onClick={() => void moreWorkflows()}>
          {t("panel.older", { count: total - workflows.length })}
        </Button>
      )}
    </>
  );
}
