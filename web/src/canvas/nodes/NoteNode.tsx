import type { Node, NodeProps } from "@xyflow/react";
import { memo, Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { later } from "@/api/parts";
import { readDef } from "@/graph/defs";
import { MARKDOWN_NOTE } from "@/graph/kinds";
import { setNote } from "../actions/nodes";
import type { NodeData } from "../items";
import { shapeOf } from "../model/shape";
import { focusNode } from "../pane/focusNode";
import { useCanvas } from "../state";
import { useText } from "../widgets/TextWidget";
import { NodeFrame } from "./NodeFrame";
import styles from "./NoteNode.module.css";
import { ResizeCorner } from "./ResizeCorner";
import { TitleBar } from "./TitleBar";

const Markdown = later(() => import("./Markdown"), "Markdown");

/** A note: written where it stands; one of Markdown is shown set until it is double clicked. */
export const NoteNode = memo(function NoteNode({ data, selected }: NodeProps<Node<NodeData, "note">>) {
  const { t } = useTranslation("canvas");
  const { record, def, key } = data;
  const shape = shapeOf(record, def);
  const given = Array.isArray(record.values) ? record.values[0] : undefined;
  const value = typeof given === "string" ? given : "";
  const isMarkdown = record.type === MARKDOWN_NOTE;
  const isWriting = useCanvas((state) => state.writing === key);
  const field = useRef<HTMLTextAreaElement>(null);
  const write = () => useCanvas.setState({ writing: key });
  useEffect(() => {
    if (isWriting) field.current?.focus({ preventScroll: true });
  }, [isWriting]);
  const text = useText(value, (next) => setNote(key, next));
  const title = record.title ?? t(isMarkdown ? "note.markdown" : "note.plain");
  const height = shape.height - 30;
  return (
    <NodeFrame
      data={{ ...data, record: { ...record, title } }}
      shape={shape}
      isSelected={selected}
      state={undefined}
    >
      <div className={styles.note} data-markdown={isMarkdown || undefined}>
        <TitleBar
          data={{ ...data, record: { ...record, title }, def: NOTE_DEF }}
          run={undefined}
          problems={[]}
        />
        {shape.isCollapsed ? null : isMarkdown && !isWriting ? (
          // biome-ignore lint/a11y/noStaticElementInteractions: the button beside does the same for the keyboard
          <div className={`${styles.shown} nowheel`} style={{ height }} onDoubleClick={write}>
            <Suspense fallback={<pre>{value}</pre>}>
              <Markdown text={value} />
            </Suspense>
            <button
              type="button"
              className={`${styles.edit} nodrag`}
              aria-label={t("note.edit")}
              title={t("note.edit")}
              onClick={write}
            >
              ✎
            </button>
          </div>
        ) : (
          <textarea
            className={`${styles.text} nodrag nopan nowheel`}
            style={{ height }}
            aria-label={t("note.text")}
            value={text.value}
            placeholder={t("note.placeholder")}
            ref={field}
            onChange={(event) => text.type(event.currentTarget.value)}
            onBlur={() => {
              text.settle();
              if (isWriting) useCanvas.setState({ writing: null });
            }}
            onKeyDown={(event) => {
              text.onKeyDown(event);
              if (event.key === "Escape") focusNode(key, false);
            }}
          />
        )}
        {!shape.isCollapsed && <ResizeCorner node={key} record={record} min={[120, 60]} />}
      </div>
    </NodeFrame>
  );
});

/** So that a note does not count as a node of an unknown class. */
const NOTE_DEF = readDef("", {});
