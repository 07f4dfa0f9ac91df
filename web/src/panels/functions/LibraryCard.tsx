import { ActionIcon, Badge, Button, Tooltip } from "@mantine/core";
import { IconForms, IconPhoto, IconPuzzle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { serverUrl } from "@/api/client";
import { hashOf, navigate } from "@/app/route";
import { Ago } from "@/panels/workflows/Ago";
import { insertWorkflow } from "@/store/functions/insert";
import type { FunctionItem, WorkflowItem } from "@/store/functions/server";
import styles from "./Library.module.css";

interface Props {
  readonly workflow: WorkflowItem;
  /** Its newest release, if that can be called. */
  readonly callable: FunctionItem | undefined;
  readonly onLabel: (label: string) => void;
}

/** A workflow with its picture and what can be done with it. */
export function LibraryCard({ workflow, callable, onLabel }: Props) {
  const { t } = useTranslation("functions");
  const { name, description, head, latest, labels, updated } = workflow;
  const picture = callable?.thumbnail ?? head.thumbnail;
  const open = hashOf({ kind: "workflow", name });
  const form = callable === undefined ? null : hashOf({ kind: "form", reference: name, query: "" });
  const title = callable?.title || name;
  const told = callable?.description || description;
  return (
    <li className={styles.card} data-testid={`library-${name}`}>
      <div className={styles.picture}>
        {picture == null ? (
          <IconPhoto size={32} stroke={1} aria-hidden />
        ) : (
          <img src={`${serverUrl()}${picture}`} alt="" loading="lazy" decoding="async" />
        )}
      </div>
      <div className={styles.words}>
        <h3>
          <a href={form ?? open}>{title}</a>
        </h3>
        <p className={styles.detail}>
          {title !== name && <span>{name}</span>}
          {latest !== null && (
            <Badge component="span" size="sm" variant="light" color="gray" tt="none">
              {latest.number}
            </Badge>
          )}
          <Ago at={updated} />
        </p>
        {told !== "" && <p className={styles.description}>{told}</p>}
        {labels.length > 0 && (
          <p className={styles.labels}>
            {labels.map((label) => (
              <button key={label} type="button" onClick={() => onLabel(label)}>
                {label}
              </button>
            ))}
          </p>
        )}
      </div>
      <div className={styles.actions}>
        {form !== null && (
          <Button
            component="a"
            size="compact-sm"
            href={form}
            leftSection={<IconForms size={14} aria-hidden />}
          >
            {t("library.form")}
          </Button>
        )}
        <Button component="a" size="compact-sm" variant="default" href={open}>
          {t("library.open")}
        </Button>
        {callable !== undefined && (
          <Tooltip label={t("library.insert")}>
            <ActionIcon
              size={26}
              variant="default"
              aria-label={t("library.insertNamed", { name })}
              onClick={() => {
                navigate({ kind: "canvas" });
                void insertWorkflow(callable.class_type);
              }}
            >
              <IconPuzzle size={15} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
    </li>
  );
}
