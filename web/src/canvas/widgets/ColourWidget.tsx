import { useRef } from "react";
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

export function ColourWidget({ node, input, label, value, isLinked }: Props) {
  const picked = useRef(value);
  return (
    <label className={styles.box}>
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>{value}</span>
      <input
        key={value}
        type="color"
        className={styles.swatch}
        aria-label={label}
        disabled={isLinked}
        defaultValue={/^#[0-9a-f]{6}$/i.test(value) ? value : "#000000"}
        onInput={(event) => {
          picked.current = event.currentTarget.value;
        }}
        onBlur={() => {
          if (picked.current !== value) setValue(node, input.name, picked.current);
        }}
      />
    </label>
  );
}
