import { ActionIcon, Tooltip } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconCommand,
  IconSettings,
  type TablerIcon,
} from "@tabler/icons-react";
import { runCommand } from "@/store/perform";
import styles from "./CommandButton.module.css";
import { useCommandLabel } from "./useCommandLabel";

const ICONS: Readonly<Record<string, TablerIcon>> = {
  "edit.undo": IconArrowBackUp,
  "edit.redo": IconArrowForwardUp,
  "help.palette": IconCommand,
  "help.settings": IconSettings,
};

interface Props {
  readonly id: string;
  readonly disabled?: boolean;
}

/** A command as a button of the bar, with its name and keys as tooltip. */
export function CommandButton({ id, disabled = false }: Props) {
  const { name, withKeys } = useCommandLabel(id);
  const Icon = ICONS[id] ?? IconCommand;
  return (
    <Tooltip label={withKeys}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={32}
        aria-label={name}
        data-testid={`command-${id}`}
        aria-disabled={disabled}
        className={styles.button ?? ""}
        onClick={() => runCommand(id)}
      >
        <Icon size={18} stroke={1.7} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
