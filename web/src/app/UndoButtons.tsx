import { useEditor } from "@/store/editor";
import { CommandButton } from "./CommandButton";
import styles from "./UndoButtons.module.css";

/** In the bar or, where that is too narrow, over the canvas. */
export function UndoButtons() {
  const canUndo = useEditor((editor) => editor.done.length > 0);
  const canRedo = useEditor((editor) => editor.undone.length > 0);
  return (
    <span className={styles.buttons}>
      <CommandButton id="edit.undo" disabled={!canUndo} />
      <CommandButton id="edit.redo" disabled={!canRedo} />
    </span>
  );
}
