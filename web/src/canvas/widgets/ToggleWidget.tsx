import { useTranslation } from "react-i18next";
import type { InputDef } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import { setValue } from "../actions/widgets";
import styles from "./widget.module.css";

interface Props {
  readonly node: NodeKey;
  readonly input: InputDef;
  readonly label: string;
  readonly value: boolean;
  readonly isLinked: boolean;
}

export function ToggleWidget({ node, input, label, value, isLinked }: Props) {
  const { t } = useTranslation("canvas");
  const given = input.options[value ? "label_on" : "label_off"];
  return (
    <button
      type="button"
      role="switch"
      className={styles.box}
      aria-label={label}
      aria-checked={value}
      aria-disabled={isLinked || undefined}
      tabIndex={isLinked ? -1 : 0}
      onClick={() => {
        if (!isLinked) setValue(node, input.name, !value);
      }}
    >
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>
        {typeof given === "string" && given !== "" ? given : t(value ? "widget.on" : "widget.off")}
      </span>
      <span className={styles.switch} />
    </button>
  );
}
