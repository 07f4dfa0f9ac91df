import { ActionIcon, Badge, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconGripVertical, IconX } from "@tabler/icons-react";
import { type DragEvent, type KeyboardEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useText } from "@/canvas/widgets/TextWidget";
import { NAME, type Source, type Target } from "@/graph/functions/declaration";
import { EndLinks } from "./EndLinks";
import styles from "./EntryList.module.css";

export interface Entry {
  readonly name: string;
  readonly type: string;
  readonly ends: readonly (Target | Source)[];
}

interface Props {
  readonly side: "inputs" | "outputs";
  readonly entries: readonly Entry[];
  readonly troubles: (index: number, name: string) => readonly string[];
  readonly onName: (index: number, name: string) => void;
  readonly onMove: (from: number, to: number) => void;
  readonly onRemove: (index: number) => void;
  /** What is said and set of an entry, once it is opened. */
  readonly children: (index: number) => ReactNode;
}

/** The inputs or outputs of a function in their order: named, dragged or moved by keys, opened for more. */
export function EntryList({ side, entries, troubles, onName, onMove, onRemove, children }: Props) {
  const { t } = useTranslation("functions");
  const [open, setOpen] = useState<string | null>(null);
  const [dragged, setDragged] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const move = (from: number, to: number) => {
    if (to < 0 || to >= entries.length) return;
    onMove(from, to);
  };
  return (
    <ol className={styles.list} data-testid={`publish-${side}`}>
      {entries.map((entry, index) => {
        const told = troubles(index, entry.name);
        const id = idOf(entry);
        const isOpen = open === id;
        const drop = (event: DragEvent) => {
          event.preventDefault();
          setOver(null);
          if (dragged !== null) move(dragged, index);
        };
        return (
          <li
            key={id}
            className={styles.entry}
            data-testid={`publish-entry-${entry.name}`}
            data-over={over === index || undefined}
            data-trouble={told.length > 0 || undefined}
            onDragOver={(event) => {
              if (dragged === null) return;
              event.preventDefault();
              setOver(index);
            }}
            onDrop={drop}
          >
            <div className={styles.line}>
              <button
                type="button"
                className={styles.grip}
                draggable
                aria-label={t("publish.move", { name: entry.name, place: index + 1 })}
                title={t("publish.moveHint")}
                onDragStart={(event) => {
                  event.dataTransfer.effectAllowed = "move";
                  setDragged(index);
                }}
                onDragEnd={() => {
                  setDragged(null);
                  setOver(null);
                }}
                onKeyDown={(event) => keyed(event, (by) => move(index, index + by))}
              >
                <IconGripVertical size={14} aria-hidden />
              </button>
              <Name entry={entry} side={side} onName={(name) => onName(index, name)} />
              <Badge size="sm" variant="light" color="gray" tt="none">
                {entry.type}
              </Badge>
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-expanded={isOpen}
                aria-label={t("publish.details", { name: entry.name })}
                onClick={() => setOpen(isOpen ? null : id)}
              >
                {isOpen ? (
                  <IconChevronDown size={14} aria-hidden />
                ) : (
                  <IconChevronRight size={14} aria-hidden />
                )}
              </ActionIcon>
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label={t("publish.remove", { name: entry.name })}
                onClick={() => onRemove(index)}
              >
                <IconX size={14} aria-hidden />
              </ActionIcon>
            </div>
            <EndLinks ends={entry.ends} />
            {told.map((message) => (
              <p key={message} className={styles.trouble} role="alert">
                {message}
              </p>
            ))}
            {isOpen && <div className={styles.details}>{children(index)}</div>}
          </li>
        );
      })}
    </ol>
  );
}

/** Names change while they are written; what it is bound to stays. */
function idOf({ ends: [first] }: Entry): string {
  return first === undefined ? "" : `${first.node}/${"input" in first ? first.input : first.slot}`;
}

/** The entry moves with its button, which keeps the keyboard. */
function keyed(event: KeyboardEvent<HTMLElement>, move: (by: number) => void): void {
  const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
  if (!event.altKey || by === 0) return;
  event.preventDefault();
  event.stopPropagation();
  const button = event.currentTarget;
  move(by);
  requestAnimationFrame(() => button.focus());
}

interface NameProps {
  readonly entry: Entry;
  readonly side: Props["side"];
  readonly onName: (name: string) => void;
}

function Name({ entry, side, onName }: NameProps) {
  const { t } = useTranslation("functions");
  const text = useText(entry.name, onName);
  const isWrong = !NAME.test(text.value);
  return (
    <TextInput
      className={styles.name ?? ""}
      size="xs"
      aria-label={t(side === "inputs" ? "publish.inputName" : "publish.outputName")}
      value={text.value}
      error={isWrong ? t("publish.nameRule") : null}
      spellCheck={false}
      onChange={(event) => text.type(event.currentTarget.value)}
      onBlur={text.settle}
      onKeyDown={(event) => {
        if (event.key === "Enter") text.settle();
      }}
    />
  );
}
