import { useTranslation } from "react-i18next";
import { type InputDef, takesMany } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import type { Json } from "@/graph/json";
import { setValue } from "../actions/widgets";
import { choiceText, manyOf, openChoices, useChoices } from "./choices";
import styles from "./widget.module.css";

interface Props {
  readonly node: NodeKey;
  readonly input: InputDef;
  readonly label: string;
  readonly value: Json;
  readonly isLinked: boolean;
}

/** One of a list. The list itself is one for the whole canvas and opens where it is asked for. */
export function ComboWidget({ node, input, label, value, isLinked }: Props) {
  const { t } = useTranslation("canvas");
  const isOpen = useChoices((state) => state.asked?.owner === `${node}/${input.name}`);
  const isMany = takesMany(input);
  const values = isMany ? manyOf(value) : [value];
  const strange = input.choices.length === 0 ? [] : values.filter((one) => !input.choices.includes(one));
  const isKnown = strange.length === 0;
  const hint = input.options["placeholder"];
  const move = (by: number) => {
    const next = input.choices[input.choices.indexOf(value) + by];
    if (next !== undefined && !isMany) setValue(node, input.name, next);
  };
  return (
    <button
      type="button"
      className={`${styles.box} ${isKnown ? "" : styles.wrong}`}
      role="combobox"
      aria-label={label}
      aria-expanded={isOpen}
      aria-haspopup="listbox"
      aria-disabled={isLinked || undefined}
      tabIndex={isLinked ? -1 : 0}
      title={isKnown ? undefined : t("widget.notAChoice", { value: choiceText(strange) })}
      onClick={(event) => {
        if (isLinked) return;
        openChoices({
          owner: `${node}/${input.name}`,
          anchor: event.currentTarget,
          label,
          choices: input.choices,
          value,
          isMany,
          onPick: (picked) => setValue(node, input.name, picked),
        });
      }}
      onKeyDown={(event) => {
        if (isLinked || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        event.preventDefault();
        event.stopPropagation();
        move(event.key === "ArrowDown" ? 1 : -1);
      }}
    >
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>
        {choiceText(value) || (typeof hint === "string" && <span className={styles.hint}>{hint}</span>)}
      </span>
      <i className={styles.chevron} />
    </button>
  );
}
