import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { InputDef } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import { hasControl } from "@/graph/widgets";
import { setValue } from "../actions/widgets";
import { Dice } from "./Dice";
import { formatNumber, type NumberRange, parseNumber, randomIn, rangeOf, scrubbed, stepped } from "./number";
import styles from "./widget.module.css";

interface Props {
  readonly node: NodeKey;
  readonly input: InputDef;
  readonly label: string;
  readonly value: number;
  readonly isLinked: boolean;
}

/** A number: dragged sideways, stepped by arrows, or typed. The document hears of it once, when it is settled. */
export function NumberWidget({ node, input, label, value, isLinked }: Props) {
  const { t } = useTranslation("canvas");
  const range = rangeOf(input);
  const [isTyping, setTyping] = useState(false);
  const [shown, setShown] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const hasKeyboard = useRef(false);
  useLayoutEffect(() => {
    if (isTyping || !hasKeyboard.current) return;
    // At once: the next key may be an arrow that is meant for the number.
    hasKeyboard.current = false;
    box.current?.focus();
  }, [isTyping]);
  const set = (next: number) => {
    if (next !== value) setValue(node, input.name, next);
  };
  const scrub = useScrub(value, range, setShown, set, () => setTyping(true));
  const current = shown ?? value;

  if (isTyping) {
    return (
      <div className={styles.box}>
        <span className={styles.label}>{label}</span>
        <Typing
          label={label}
          value={value}
          range={range}
          onDone={(next, isByKey) => {
            setTyping(false);
            if (next !== null) set(next);
            hasKeyboard.current = isByKey;
          }}
        />
      </div>
    );
  }
  return (
    <div
      ref={box}
      className={`${styles.box} ${styles.scrub}`}
      role="spinbutton"
      tabIndex={isLinked ? -1 : 0}
      aria-label={label}
      aria-valuenow={current}
      aria-valuemin={range.min}
      aria-valuemax={range.max}
      aria-disabled={isLinked || undefined}
      {...(isLinked ? {} : scrub)}
      onClick={(event) => {
        // What clicks without a pointer: the Enter key on the node, or a screen reader.
        if (event.detail !== 0 || isLinked || !(event.target instanceof Element)) return;
        if (event.target.closest("[data-dice]") !== null) return;
        const steps = Number(event.target.closest("[data-step]")?.getAttribute("data-step") ?? 0);
        if (steps === 0) setTyping(true);
        else set(stepped(value, steps, range));
      }}
      onKeyDown={isLinked ? undefined : (event) => keyed(event, value, range, set, () => setTyping(true))}
    >
      <button
        type="button"
        tabIndex={-1}
        className={styles.step}
        aria-label={t("widget.less", { label })}
        data-step={-1}
      />
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>{formatNumber(current, range)}</span>
      {hasControl(input) && !isLinked && (
        <Dice label={t("widget.random", { label })} onRoll={() => set(randomIn(range))} />
      )}
      <button
        type="button"
        tabIndex={-1}
        className={styles.step}
        aria-label={t("widget.more", { label })}
        data-step={1}
        data-up
      />
    </div>
  );
}

function useScrub(
  value: number,
  range: NumberRange,
  show: (value: number | null) => void,
  set: (value: number) => void,
  type: () => void,
) {
  const drag = useRef<{ x: number; last: number; hasMoved: boolean } | null>(null);
  return {
    onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
      if (event.button !== 0 || (event.target instanceof Element && event.target.closest("[data-dice]")))
        return;
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { x: event.clientX, last: value, hasMoved: false };
    },
    onPointerMove: (event: PointerEvent) => {
      const now = drag.current;
      if (now === null) return;
      const pixels = event.clientX - now.x;
      if (!now.hasMoved && Math.abs(pixels) < 4) return;
      now.hasMoved = true;
      now.last = scrubbed(value, pixels, range, event.shiftKey);
      show(now.last);
    },
    onPointerUp: (event: PointerEvent<HTMLDivElement>) => {
      const now = drag.current;
      drag.current = null;
      if (now === null) return;
      show(null);
      if (now.hasMoved) return set(now.last);
      // The capture makes this element the target; what was pressed is found by its place.
      const pressed = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-step]");
      const steps = Number(pressed?.getAttribute("data-step") ?? 0);
      if (steps === 0) type();
      else set(stepped(value, steps * (event.shiftKey ? 10 : 1), range));
    },
    onPointerCancel: () => {
      drag.current = null;
      show(null);
    },
  };
}

function keyed(
  event: KeyboardEvent,
  value: number,
  range: NumberRange,
  set: (value: number) => void,
  type: () => void,
): void {
  // Marking all of it begins with having it to type in.
  if ((event.ctrlKey || event.metaKey) && event.key === "a") {
    event.preventDefault();
    event.stopPropagation();
    type();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const factor = event.shiftKey ? 10 : 1;
  const moves: Record<string, number> = {
    ArrowUp: 1,
    ArrowRight: 1,
    ArrowDown: -1,
    ArrowLeft: -1,
    PageUp: 10,
    PageDown: -10,
  };
  const steps = moves[event.key];
  if (steps !== undefined) set(stepped(value, steps * factor, range));
  else if (event.key === "Home" && range.min > -1e15) set(range.min);
  else if (event.key === "End" && range.max < 1e15) set(range.max);
  else if (event.key === "Enter" || /^[\d.-]$/.test(event.key)) type();
  else return;
  if (!/^[\d.-]$/.test(event.key)) event.preventDefault();
  event.stopPropagation();
}

interface TypingProps {
  readonly label: string;
  readonly value: number;
  readonly range: NumberRange;
  readonly onDone: (value: number | null, isByKey: boolean) => void;
}

function Typing({ label, value, range, onDone }: TypingProps) {
  const isDone = useRef(false);
  const finish = (text: string | null, isByKey: boolean) => {
    if (isDone.current) return;
    isDone.current = true;
    onDone(text === null ? null : parseNumber(text, range), isByKey);
  };
  return (
    <input
      ref={(field) => field?.select()}
      className={styles.field}
      aria-label={label}
      inputMode={range.isWhole ? "numeric" : "decimal"}
      defaultValue={formatNumber(value, range)}
      // biome-ignore lint/a11y/noAutofocus: the person just asked to type here
      autoFocus
      onBlur={(event) => finish(event.currentTarget.value, false)}
      onKeyDown={(event) => {
        // So that running takes what stands here, not what stood here before.
        if (event.ctrlKey || event.metaKey) {
          if (event.key === "Enter") finish(event.currentTarget.value, true);
          return;
        }
        event.stopPropagation();
        if (event.key === "Enter" && !event.nativeEvent.isComposing) finish(event.currentTarget.value, true);
        if (event.key === "Escape") finish(null, true);
        const steps = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
        const typed = steps === 0 ? null : parseNumber(event.currentTarget.value, range);
        if (typed === null) return;
        event.preventDefault();
        const next = stepped(typed, event.shiftKey ? steps * 10 : steps, range);
        event.currentTarget.value = formatNumber(next, range);
        event.currentTarget.select();
      }}
    />
  );
}
