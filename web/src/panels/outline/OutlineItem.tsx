import { ActionIcon } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { centerOn } from "@/canvas/view";
import { type Document, type GraphId, Mode, type NodeKey } from "@/graph/document";
import type { OutlineNode } from "@/graph/outline";
import { addressOf } from "@/store/address";
import { select, useEditor } from "@/store/editor";
import { useNodeRun, useProblemsOf } from "@/store/runs";
import { OutlineDetails } from "./OutlineDetails";
import styles from "./OutlineItem.module.css";

interface Props {
  readonly node: OutlineNode;
  readonly document: Document;
  readonly graph: GraphId;
  readonly isOpenAtFirst: boolean;
}

/** One node: its name leads to it on the canvas, the arrow beside it opens what it is wired to and set to. */
export function OutlineItem({ node, document, graph, isOpenAtFirst }: Props) {
  const { t } = useTranslation("app");
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const details = useId();
  const isSelected = useEditor((editor) => editor.selection.has(node.node));
  const words = useWords(node);
  const Arrow = isOpen ? IconChevronDown : IconChevronRight;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") setOpen(event.key === "ArrowRight");
    else if (event.key !== "Enter" && event.key !== " ") return;
    // These are the button's; the canvas has other plans for them.
    event.stopPropagation();
  };
  return (
    <li className={styles.item} data-selected={isSelected || undefined}>
      <div className={styles.head}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          aria-expanded={isOpen}
          aria-controls={details}
          aria-label={t("outline.details", { title: node.title })}
          onClick={() => setOpen(!isOpen)}
        >
          <Arrow size={14} aria-hidden />
        </ActionIcon>
        <button
          type="button"
          className={styles.name}
          data-outline-node={node.node}
          aria-current={isSelected ? "true" : undefined}
          onFocus={() => selectOnly(node.node)}
          onClick={() => show(node.node)}
          onKeyDown={onKeyDown}
        >
          <span className={styles.title}>{node.title}</span>
          <span className={styles.id}>#{node.node}</span>
          {words.map((word) => (
            <span key={word} className={styles.word}>
              {word}
            </span>
          ))}
        </button>
      </div>
      <div id={details} hidden={!isOpen}>
        {isOpen && <OutlineDetails node={node} document={document} graph={graph} />}
      </div>
    </li>
  );
}

/** What else is to say of it, in a word each. */
function useWords(node: OutlineNode): string[] {
  const { t } = useTranslation("app");
  const address = addressOf(node.node);
  const state = useNodeRun(address)?.state;
  const problems = useProblemsOf(address).length;
  return [
    ...(node.isKnown || node.note !== null ? [] : [t("outline.unknown")]),
    ...(node.isSubgraph ? [t("outline.subgraph")] : []),
    ...(node.mode === Mode.MUTE ? [t("outline.muted")] : []),
    ...(node.mode === Mode.BYPASS ? [t("outline.bypassed")] : []),
    ...(state === undefined ? [] : [t(`outline.state.${state}`)]),
    ...(problems > 0 ? [t("outline.problems", { count: problems })] : []),
  ];
}

function selectOnly(node: NodeKey): void {
  const { selection } = useEditor.getState();
  if (selection.size !== 1 || !selection.has(node)) select([node]);
}

/** In the middle of the canvas, with the keyboard on it. */
function show(node: NodeKey): void {
  centerOn(useEditor.getState().path, node);
  window.setTimeout(
    () => document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(node)}"]`)?.focus(),
    250,
  );
}
