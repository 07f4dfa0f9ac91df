import { ActionIcon } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Ago } from "./Ago";
import styles from "./FileTree.module.css";

interface Props {
  readonly name: string | null;
  readonly updated: number;
  readonly onOpen: () => void;
  readonly onDiscard: () => void;
}

export function DraftRow({ name, updated, onOpen, onDiscard }: Props) {
  const { t } = useTranslation("files");
  const label = name ?? t("untitled");
  return (
    <div className={styles.line}>
      <button type="button" className={styles.row} title={label} onClick={onOpen} data-testid="draft">
        <span className={styles.label}>{label}</span>
        <span className={styles.when}>
          <Ago at={updated} />
        </span>
      </button>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={t("panel.discard", { name: label })}
        onClick={onDiscard}
      >
        <IconTrash size={14} aria-hidden />
      </ActionIcon>
    </div>
  );
}
