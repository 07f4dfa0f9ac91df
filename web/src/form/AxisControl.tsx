import { MultiSelect, NumberInput, SegmentedControl, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { choiceText } from "@/canvas/widgets/choices";
import { FieldControl } from "./FieldControl";
import { type Field, wordsOf } from "./fields";
import styles from "./SweepSetup.module.css";
import { type Axis, axisValues, firstRange } from "./sweep";
import type { Form } from "./useForm";

interface Props {
  readonly field: Field;
  readonly form: Form;
  readonly axis: Axis;
  /** A column of the table gives its values. */
  readonly isTaken: boolean;
  readonly canVary: boolean;
  readonly onChange: (axis: Axis) => void;
}

/** An input of a sweep: one value for all runs, a list of them, or a range. */
export function AxisControl({ field, form, axis, isTaken, canVary, onChange }: Props) {
  const { t } = useTranslation("functions");
  const kinds = kindsOf(field);
  if (isTaken) return <p className={styles.taken}>{t("sweep.fromTable", { name: wordsOf(field.name) })}</p>;
  return (
    <div className={styles.axis} data-testid={`axis-${field.name}`}>
      {canVary && kinds.length > 1 && (
        <SegmentedControl
          size="xs"
          className={styles.kinds ?? ""}
          aria-label={t("sweep.how", { name: field.label })}
          data={kinds.map((kind) => ({ value: kind, label: t(`sweep.kind.${kind}`) }))}
          value={axis.kind}
          onChange={(kind) => onChange(begin(kind, field, form))}
        />
      )}
      {axis.kind === "fixed" && <FieldControl field={field} form={form} />}
      {axis.kind === "list" && (
        <List field={field} text={axis.text} onChange={(text) => onChange({ kind: "list", text })} />
      )}
      {axis.kind === "range" && <Range field={field} axis={axis} onChange={onChange} />}
    </div>
  );
}

function kindsOf(field: Field): Axis["kind"][] {
  if (field.kind === "number") return ["fixed", "list", "range"];
  return field.kind === "file" || (field.kind === "choice" && field.isMany) ? ["fixed"] : ["fixed", "list"];
}

function begin(kind: string, field: Field, form: Form): Axis {
  const value = form.values[field.name];
  if (kind === "range" && field.kind === "number") return firstRange(field, value);
  if (kind !== "list") return { kind: "fixed" };
  if (field.kind === "toggle") return { kind: "list", text: "true\nfalse" };
  return { kind: "list", text: value === undefined || value === "random" ? "" : choiceText(value) };
}

interface ListProps {
  readonly field: Field;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function List({ field, text, onChange }: ListProps) {
  const { t } = useTranslation("functions");
  const { values, wrong } = axisValues(field, { kind: "list", text });
  const count = t("sweep.values", { count: values.length });
  if (field.kind === "choice") {
    return (
      <MultiSelect
        label={field.label}
        description={count}
        data={field.options.map(choiceText)}
        value={values.map(choiceText)}
        searchable
        onChange={(chosen) => onChange(chosen.join("\n"))}
      />
    );
  }
  return (
    <Textarea
      label={field.label}
      description={`${t(field.kind === "text" ? "sweep.lines" : "sweep.commas")} ${count}`}
      autosize
      minRows={2}
      maxRows={10}
      value={text}
      error={wrong.length > 0 ? t("sweep.wrong", { values: wrong.slice(0, 3).join(", ") }) : null}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface RangeProps {
  readonly field: Field;
  readonly axis: Axis & { readonly kind: "range" };
  readonly onChange: (axis: Axis) => void;
}

function Range({ field, axis, onChange }: RangeProps) {
  const { t } = useTranslation("functions");
  const { values } = axisValues(field, axis);
  const isWhole = field.kind === "number" && field.isWhole;
  const shown = values.length > 8 ? [...values.slice(0, 4), "…", ...values.slice(-2)] : values;
  return (
    <fieldset className={styles.range}>
      <legend>{field.label}</legend>
      <div>
        {(["from", "to", "step"] as const).map((part) => (
          <NumberInput
            key={part}
            label={t(`sweep.${part}`)}
            size="xs"
            value={axis[part]}
            allowDecimal={!isWhole}
            onChange={(next) => onChange({ ...axis, [part]: next === "" ? Number.NaN : Number(next) })}
          />
        ))}
      </div>
      <p className={styles.hint}>{shown.map(choiceText).join(" · ")}</p>
    </fieldset>
  );
}
