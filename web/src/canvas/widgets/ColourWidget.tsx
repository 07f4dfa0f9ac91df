import { useEffect, useRef, useState } from "react";
import type { InputDef } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import { setValue } from "../actions/widgets";
import styles from "./widget.module.css";

interface Props {
  readonly node: NodeKey;
  readonly input: InputDef;
  readonly label: string;
  readonly value: string;
  readonly isLinked: boolean;
}

/** A colour, shown while it is chosen. The document hears of it once, when the browser's picker is closed. */
export function ColourWidget({ node, input, label, value, isLinked }: Props) {
  const [chosen, setChosen] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const element = field.current;
    // React calls every movement in the picker a change; the browser only the last.
    const settled = () => {
      setChosen(null);
      if (element !== null && element.value !== value) setValue(node, input.name, element.value);
    };
    element?.addEventListener("change", settled);
    return () => element?.removeEventListener("change", settled);
  }, [node, input, value]);
  return (
    <label className={styles.box}>
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>{chosen ?? value}</span>
      <input
        ref={field}
        type="color"
        className={styles.swatch}
        aria-label={label}
        disabled={isLinked}
        value={chosen ?? (/^#[0-9a-f]{6}$/i.test(value) ? value : "#000000")}
        onChange={(event) => setChosen(event.currentTarget.value)}
      />
    </label>
  );
}
