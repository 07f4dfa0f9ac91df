import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArchive,
  IconArchiveOff,
  IconCopy,
  IconDots,
  IconPencil,
  IconTags,
  IconVersions,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { openNamed } from "@/store/files/opening";
import { showPanel } from "@/store/shell";
import { archiveWorkflow, duplicateWorkflow, renameWorkflow } from "@/store/versions/library";
import type { WorkflowItem } from "@/store/versions/types";

interface Props {
  readonly workflow: WorkflowItem;
  readonly onLabel: () => void;
}

/** What can be done with a workflow of the library. Nothing of it deletes versions. */
export function WorkflowMenu({ workflow, onLabel }: Props) {
  const { t } = useTranslation("versions");
  const { name, archived } = workflow;
  const showHistory = async () => {
    if (await openNamed(name)) showPanel("versions");
  };
  return (
    <Menu position="bottom-end" withinPortal shadow="md">
      <Menu.Target>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t("library.more", { name })}>
          <IconDots size={14} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconVersions size={14} aria-hidden />} onClick={() => void showHistory()}>
          {t("library.history")}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconPencil size={14} aria-hidden />}
          onClick={() => void renameWorkflow(name)}
        >
          {t("library.rename")}
        </Menu.Item>
        <Menu.Item leftSection={<IconTags size={14} aria-hidden />} onClick={onLabel}>
          {t("library.label")}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconCopy size={14} aria-hidden />}
          onClick={() => void duplicateWorkflow(workflow)}
        >
          {t("library.duplicate")}
        </Menu.Item>
        <Menu.Item
          leftSection={
            archived ? <IconArchiveOff size={14} aria-hidden /> : <IconArchive size={14} aria-hidden />
          }
          onClick={() => void archiveWorkflow(name, !archived)}
        >
          {t(archived ? "library.unarchive" : "library.putAway")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
