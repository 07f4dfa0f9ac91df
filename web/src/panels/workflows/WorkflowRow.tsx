import { IconGitBranch, IconPhoto, IconRosette } from "@tabler/icons-react";
import { memo, useState } from "react";
import { useTranslation } from "react-i18next";
import { pictureUrl } from "@/panels/versions/VersionRow";
import { openNamed } from "@/store/files/opening";
import { useTabs } from "@/store/persist/tabs";
import type { WorkflowItem } from "@/store/versions/types";
import { Ago } from "./Ago";
import { LabelEditor } from "./LabelEditor";
import styles from "./Library.module.css";
import { WorkflowMenu } from "./WorkflowMenu";

/** A workflow of the library: opened by a click. */
export const WorkflowRow = memo(function WorkflowRow({ workflow }: { readonly workflow: WorkflowItem }) {
  const { t } = useTranslation("versions");
  const { name, description, labels, updated, head, latest, branches_count: branches } = workflow;
  const [isLabelling, setLabelling] = useState(false);
  const isActive = useTabs(({ tabs, active }) =>
    tabs.some((tab) => tab.docId === active && tab.name === name && tab.home?.kind === "version"),
  );
  return (
    <li className={styles.item} data-active={isActive || undefined} data-testid={`workflow-${name}`}>
      <div className={styles.line}>
        <button
          type="button"
          className={styles.row}
          title={description || name}
          aria-current={isActive ? "true" : undefined}
          onClick={() => void openNamed(name)}
        >
          <span className={styles.picture}>
            {head.thumbnail === null ? (
              <IconPhoto size={18} stroke={1.2} aria-hidden />
            ) : (
              <img src={pictureUrl(head.thumbnail)} alt="" loading="lazy" decoding="async" />
            )}
          </span>
          <span className={styles.main}>
            <span className={styles.name}>{name}</span>
            <span className={styles.detail}>
              <Ago at={updated} /> · {head.message || t("number", { number: head.number })}
            </span>
            <span className={styles.marks}>
              {latest !== null && (
                <span className={styles.mark} title={t("names.release", { name: latest.number })}>
                  <IconRosette size={12} aria-hidden /> {latest.number}
                </span>
              )}
              {branches > 1 && (
                <span className={styles.mark} title={t("library.branches", { count: branches })}>
                  <IconGitBranch size={12} aria-hidden /> {branches}
                </span>
              )}
              {labels.map((label) => (
                <span key={label} className={styles.mark}>
                  {label}
                </span>
              ))}
            </span>
          </span>
        </button>
        <WorkflowMenu workflow={workflow} onLabel={() => setLabelling(true)} />
      </div>
      {isLabelling && <LabelEditor workflow={workflow} onDone={() => setLabelling(false)} />}
    </li>
  );
});
