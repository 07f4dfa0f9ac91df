import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { InputDef } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import { setValue } from "../actions/widgets";
import { isMultiline } from "../model/shape";
import styles from "./widget.module.css";

interface Props {
  readonly node: NodeKey;
  readonly input: InputDef;
  readonly label: string;
  readonly value: string;
  readonly isLinked: boolean;
}

/** What is typed is put down after a pause this long, in milliseconds: one step to undo for each thought. */
const PAUSE = 700;

export function TextWidget({ node, input, label, value, isLinked }: Props) {
  const text = useText(value, (next) => setValue(node, input.name, next));
  const hint = input.options["placeholder"];
  const common = {
    value: text.value,
    onChange: (event: { currentTarget: { value: string } }) => text.type(event.currentTarget.value),
    onBlur: text.settle,
    onKeyDown: text.onKeyDown,
    readOnly: isLinked,
    tabIndex: isLinked ? -1 : 0,
    spellCheck: false,
    "aria-label": label,
  };
  if (isMultiline(input)) {
    return (
      <textarea
        {...common}
        className={`${styles.area} nowheel`}
        placeholder={typeof hint === "string" && hint !== "" ? hint : label}
      />
    );
  }
  return (
    <label className={styles.box}>
      <span className={styles.label}>{label}</span>
      <input
        {...common}
        type="text"
        className={styles.field}
        placeholder={typeof hint === "string" ? hint : undefined}
      />
    </label>
  );
}

/** Text being typed: ours until it is settled, the document's otherwise. */
export function useText(value: string, put: (text: string) => void) {
  const [typed, setTyped] = useState<string | null>(null);
  const timer = useRef(0);
  const latest = useRef<string | null>(null);
  const putLatest = useRef(put);
  putLatest.current = put;
  const settle = () => {
    window.clearTimeout(timer.current);
    const text = latest.current;
    latest.current = null;
    setTyped(null);
    if (text !== null && text !== value) putLatest.current(text);
  };
  const settleNow = useRef(settle);
  settleNow.current = settle;
  // A node that scrolls off the screen while its text is being written takes the text along.
  useEffect(() => () => settleNow.current(), []);
  return {
    value: typed ?? value,
    type: (text: string) => {
      latest.current = text;
      setTyped(text);
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => settleNow.current(), PAUSE);
    },
    settle,
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      // So that running, saving or undoing takes what stands here.
      if (event.ctrlKey || event.metaKey) settleNow.current();
      else if (event.key === "Escape") event.currentTarget.blur();
      else if (event.key === "Enter" && event.currentTarget instanceof HTMLInputElement) settleNow.current();
    },
  };
}
