import { useTranslation } from "react-i18next";
import type { InputDef } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import { CONTROLS, type Control } from "@/graph/widgets";
import { setControlOf } from "../actions/widgets";
import styles from "./widget.module.css";

interface Props {
  readonly node: NodeKey;
  readonly input: InputDef;
  readonly value: Control;
}

/** What becomes of a seed after each run. */
export function ControlWidget({ node, input, value }: Props) {
  const { t } = useTranslation("canvas");
  const choices = CONTROLS.filter((one) => one !== "increment-wrap" || input.widget === "COMBO");
  return (
    <label className={styles.box}>
      <span className={styles.label}>{t("control.label")}</span>
      <select
        className={styles.native}
        value={value}
        aria-label={t("control.of", { label: input.name })}
        onChange={(event) => {
          const chosen = choices.find((one) => one === event.currentTarget.value);
          if (chosen !== undefined) setControlOf(node, input.name, chosen);
        }}
      >
        {choices.map((one) => (
          <option key={one} value={one}>
            {t(`control.${one}`)}
          </option>
        ))}
      </select>
      <i className={styles.chevron} />
    </label>
  );
}
