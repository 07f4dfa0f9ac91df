import { ActionIcon, Menu } from "@mantine/core";
import { IconCopy, IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { openSaved } from "@/store/files/opening";
import { deleteFile, duplicateFile, renameFile } from "@/store/files/saving";
import type { FileInfo } from "@/store/files/userdata";
import { useTabs } from "@/store/persist/tabs";
import { Ago } from "./Ago";
import styles from "./FileTree.module.css";

/** A file: opened by a click, or renamed, duplicated, deleted from its menu. */
export function FileRow({ file, label }: { readonly file: FileInfo; readonly label: string }) {
  const { t } = useTranslation("files");
  const isActive = useTabs(({ tabs, active }) =>
    tabs.some(({ docId, name, home }) => docId === active && name === file.name && home?.kind === "file"),
  );
  return (
    <div className={styles.line} data-active={isActive}>
      <button
        type="button"
        className={styles.row}
        title={file.name}
        aria-current={isActive ? "true" : undefined}
        onClick={() => void openSaved(file.name)}
        data-testid={`file-${file.name}`}
      >
        <span className={styles.label}>{label}</span>
        <span className={styles.when}>
          <Ago at={file.modified} />
        </span>
      </button>
      <Menu position="bottom-end" withinPortal shadow="md">
        <Menu.Target>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t("panel.more", { name: label })}>
            <IconDots size={14} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={14} />} onClick={() => void renameFile(file.name)}>
            {t("panel.rename")}
          </Menu.Item>
          <Menu.Item leftSection={<IconCopy size={14} />} onClick={() => void duplicateFile(file.name)}>
            {t("panel.duplicate")}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={14} />}
            onClick={() => void deleteFile(file.name)}
          >
            {t("panel.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
