import { ActionIcon, Input, NumberInput, Slider, Tooltip } from "@mantine/core";
import { IconDice5, IconDice5Filled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { randomIn } from "@/canvas/widgets/number";
import type { Json } from "@/graph/json";
import type { Common } from "./FieldControl";
import styles from "./FormPage.module.css";
import { hasSlider, type NumberField, RANDOM } from "./fields";

interface Props extends Common {
  readonly field: NumberField;
  readonly value: Json | undefined;
  readonly onChange: (value: Json | undefined) => void;
}

/** A number: typed, stepped, slid where its range is small. A seed may be left to chance. */
export function NumberControl({ field, value, onChange, ...common }: Props) {
  if (field.isSeed) return <SeedControl field={field} value={value} onChange={onChange} {...common} />;
  const number = typeof value === "number" ? value : "";
  if (!hasSlider(field) || field.min === null || field.max === null) {
    return <Typed field={field} value={number} onChange={onChange} {...common} />;
  }
  return (
    <Input.Wrapper {...common} labelElement="div">
      <div className={styles.number}>
        <Typed field={field} value={number} onChange={onChange} {...common} isBare />
        <Slider
          className={styles.slider ?? ""}
          min={field.min}
          max={field.max}
          step={field.step}
          value={number === "" ? field.min : number}
          onChange={(next) => onChange(Number(next.toPrecision(12)))}
          label={null}
          thumbLabel={field.label}
        />
      </div>
    </Input.Wrapper>
  );
}

interface TypedProps extends Common {
  readonly field: NumberField;
  readonly value: number | "";
  readonly onChange: (value: Json | undefined) => void;
  /** What is around it says the words. */
  readonly isBare?: boolean;
}

function Typed({ field, value, onChange, isBare = false, ...common }: TypedProps) {
  const { name, error, onBlur } = common;
  const words = isBare ? { "aria-label": field.label, name, onBlur, error: error !== null } : common;
  return (
    <NumberInput
      {...words}
      value={value}
      step={field.step}
      {...(field.min === null ? {} : { min: field.min })}
      {...(field.max === null ? {} : { max: field.max })}
      allowDecimal={!field.isWhole}
      clampBehavior="none"
      onChange={(next) => onChange(next === "" ? undefined : next)}
    />
  );
}

function SeedControl({ field, value, onChange, ...common }: Props) {
  const { t } = useTranslation("functions");
  const isRandom = value === RANDOM;
  const range = {
    isWhole: true,
    min: field.min ?? 0,
    max: field.max ?? 2 ** 32 - 1,
    step: 1,
    decimals: 0,
  };
  return (
    <Input.Wrapper {...common} labelElement="div">
      <div className={styles.seed}>
        <NumberInput
          aria-label={field.label}
          value={typeof value === "number" ? value : ""}
          placeholder={isRandom ? t("form.randomSeed") : ""}
          allowDecimal={false}
          clampBehavior="none"
          error={common.error !== null}
          onBlur={common.onBlur}
          onChange={(next) => onChange(next === "" ? RANDOM : next)}
        />
        <Tooltip label={t("form.roll")}>
          <ActionIcon
            size={36}
            variant="default"
            aria-label={t("form.roll")}
            onClick={() => onChange(randomIn(range))}
          >
            <IconDice5 size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t("form.alwaysRandom")}>
          <ActionIcon
            size={36}
            variant={isRandom ? "light" : "default"}
            aria-pressed={isRandom}
            aria-label={t("form.alwaysRandom")}
            onClick={() =>
              onChange(isRandom ? (typeof field.initial === "number" ? field.initial : range.min) : RANDOM)
            }
          >
            <IconDice5Filled size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
    </Input.Wrapper>
  );
}
