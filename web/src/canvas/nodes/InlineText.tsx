import { useEffect, useRef } from "react";
import styles from "./InlineText.module.css";

interface Props {
  readonly label: string;
  readonly value: string;
  /** With null if the person thought better of it. */
  readonly onDone: (text: string | null) => void;
}

/** A name being written where it stands. Enter and leaving keep it, Escape does not. */
export function InlineText({ label, value, onDone }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useEffect(() => field.current?.select(), []);
  const finish = (text: string | null) => {
    if (isDone.current) return;
    isDone.current = true;
    onDone(text);
  };
  return (
    <input
      ref={field}
      className={`${styles.field} nodrag nopan`}
      aria-label={label}
      defaultValue={value}
      onBlur={(event) => finish(event.currentTarget.value)}
      onDoubleClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter" && !event.nativeEvent.isComposing) finish(event.currentTarget.value);
        if (event.key === "Escape") finish(null);
      }}
    />
  );
}
