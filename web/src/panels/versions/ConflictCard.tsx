import { Button, TextInput } from "@mantine/core";
import { IconCheck, IconFocusCentered } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { resolve } from "@/store/versions/merge";
import type { Conflict, Resolution, VersionItem } from "@/store/versions/types";
import { kindOf, takesValue, textOf, typedValue } from "./conflicts";
import styles from "./Stage.module.css";

interface Props {
  readonly conflict: Conflict;
  readonly resolution: Resolution | null;
  readonly ours: VersionItem;
  readonly theirs: VersionItem;
  /** What a node is called in the graph of the conflict. */
  readonly titleOf: (node: string) => string;
  /** Bring the node to the middle. */
  readonly onShow: () => void;
}

/** What both sides changed: how it was, what each made of it, and which is to stay. */
export function ConflictCard({ conflict, resolution, ours, theirs, titleOf, onShow }: Props) {
  const { t } = useTranslation("versions");
  const { id, input, node } = conflict;
  const title = conflict.title ?? (node == null ? null : titleOf(node));
  const [isWriting, setWriting] = useState(false);
  const heading =
    title === null
      ? t("merge.conflictOther")
      : input == null
        ? t("merge.conflictNode", { title })
        : t("merge.conflict", { title, input });
  const own = resolution !== null && typeof resolution === "object" ? textOf(resolution.value) : null;
  return (
    <li
      className={styles.conflict}
      data-decided={resolution !== null || undefined}
      data-testid={`conflict-${id}`}
    >
      <div className={styles.heading}>
        <span>
          <strong>{heading}</strong>
          <small>{t(`merge.kind.${kindOf(conflict)}`)}</small>
        </span>
        {node != null && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconFocusCentered size={13} aria-hidden />}
            onClick={onShow}
          >
            {t("compareView.layoutShow")}
          </Button>
        )}
      </div>
      <p className={styles.none}>
        {t("merge.base")}: {textOf(conflict.base, titleOf) ?? t("nothing")}
      </p>
      {(["ours", "theirs"] as const).map((side) => {
        const { number, author } = side === "ours" ? ours : theirs;
        const isTaken = resolution === side;
        return (
          <button
            key={side}
            type="button"
            className={styles.choice}
            aria-pressed={isTaken}
            onClick={() => void resolve(id, isTaken ? null : side)}
            data-testid={`take-${side}`}
          >
            <small>
              {isTaken && <IconCheck size={12} aria-hidden />}
              {t("merge.side", { side: t(`merge.${side}`), number, author })}
            </small>
            <span>{textOf(conflict[side], titleOf) ?? t("nothing")}</span>
          </button>
        );
      })}
      {takesValue(conflict) && !isWriting && (
        <button
          type="button"
          className={styles.choice}
          aria-pressed={own !== null}
          onClick={() => setWriting(true)}
          data-testid="take-own"
        >
          <small>
            {own !== null && <IconCheck size={12} aria-hidden />}
            {t("merge.own")}
          </small>
          {own !== null && <span>{own}</span>}
        </button>
      )}
      {isWriting && <OwnValue conflict={conflict} onDone={() => setWriting(false)} />}
    </li>
  );
}

function OwnValue({ conflict, onDone }: { readonly conflict: Conflict; readonly onDone: () => void }) {
  const { t } = useTranslation("versions");
  const [typed, setTyped] = useState(textOf(conflict.ours) ?? "");
  const [trouble, setTrouble] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      void resolve(conflict.id, { value: typedValue(typed, conflict) });
      onDone();
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form className={styles.own} onSubmit={submit}>
      <TextInput
        size="xs"
        aria-label={t("merge.own")}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={trouble !== "" && t("merge.invalid", { reason: trouble })}
        autoFocus
      />
      <Button size="compact-sm" type="submit">
        {t("merge.take")}
      </Button>
    </form>
  );
}
