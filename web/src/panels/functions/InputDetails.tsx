import { MultiSelect, NumberInput, Select, Switch, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { choiceText } from "@/canvas/widgets/choices";
import { useText } from "@/canvas/widgets/TextWidget";
import type { FunctionInput } from "@/graph/functions/declaration";
import { type Changes, changeInput, targetDef } from "@/graph/functions/edit";
import type { Json } from "@/graph/json";
import { changeDeclared, here } from "@/store/functions/declaring";
import { Description } from "./Description";
import styles from "./EntryList.module.css";

interface Props {
  readonly input: FunctionInput;
  /** With what its nodes say filled in; undefined until the server has looked. */
  readonly known: FunctionInput | undefined;
  readonly at: number;
}

/** What is said of an input and how it is limited. What is left empty is as its nodes have it. */
export function InputDetails({ input, known, at }: Props) {
  const { t } = useTranslation("functions");
  const change = (to: Readonly<Record<string, Json | undefined>>) =>
    changeDeclared((declared) => changeInput(declared, at, to as Changes<FunctionInput>));
  const isNumber = input.type === "INT" || input.type === "FLOAT";
  return (
    <>
      <Description value={input.description ?? ""} onChange={(description) => change({ description })} />
      <Switch
        size="xs"
        label={t("publish.required")}
        description={t("publish.requiredHint")}
        checked={input.required === true}
        onChange={(event) => change({ required: event.currentTarget.checked ? true : undefined })}
      />
      <DefaultValue input={input} known={known} onChange={(value) => change({ default: value })} />
      {isNumber && (
        <div className={styles.range}>
          {(["min", "max", "step"] as const).map((part) => (
            <NumberInput
              key={part}
              size="xs"
              label={t(`publish.${part}`)}
              value={input[part] ?? ""}
              placeholder={known?.[part] === undefined ? "" : String(known[part])}
              allowDecimal={input.type === "FLOAT"}
              onChange={(next) => change({ [part]: next === "" ? undefined : Number(next) })}
            />
          ))}
        </div>
      )}
      {input.type === "COMBO" && <Options input={input} onChange={(options) => change({ options })} />}
      {input.type === "STRING" && (
        <Switch
          size="xs"
          label={t("publish.multiline")}
          checked={input.multiline === true}
          onChange={(event) => change({ multiline: event.currentTarget.checked ? true : undefined })}
        />
      )}
    </>
  );
}

interface DefaultProps {
  readonly input: FunctionInput;
  readonly known: FunctionInput | undefined;
  readonly onChange: (value: Json | undefined) => void;
}

function DefaultValue({ input, known, onChange }: DefaultProps) {
  const { t } = useTranslation("functions");
  const label = t("publish.default");
  const inGraph = known?.default;
  const hint =
    inGraph === undefined
      ? t("publish.asInGraph")
      : t("publish.asInGraphValue", { value: choiceText(inGraph) });
  switch (input.type) {
    case "INT":
    case "FLOAT":
      return (
        <NumberInput
          size="xs"
          label={label}
          value={typeof input.default === "number" ? input.default : ""}
          placeholder={hint}
          allowDecimal={input.type === "FLOAT"}
          onChange={(next) => onChange(next === "" ? undefined : Number(next))}
        />
      );
    case "BOOLEAN":
      return (
        <Select
          size="xs"
          label={label}
          clearable
          placeholder={hint}
          data={["true", "false"]}
          value={typeof input.default === "boolean" ? String(input.default) : null}
          onChange={(next) => onChange(next === null ? undefined : next === "true")}
        />
      );
    case "COMBO": {
      const options = input.options ?? choicesOf(input);
      return (
        <Select
          size="xs"
          label={label}
          clearable
          searchable
          placeholder={hint}
          data={[...new Set(options.map(choiceText))]}
          value={input.default === undefined ? null : choiceText(input.default)}
          onChange={(next) => onChange(options.find((option) => choiceText(option) === next))}
        />
      );
    }
    case "STRING":
      return (
        <DefaultText
          value={typeof input.default === "string" ? input.default : null}
          hint={hint}
          onChange={onChange}
        />
      );
    default:
      return null;
  }
}

interface TextProps {
  readonly value: string | null;
  readonly hint: string;
  readonly onChange: (value: Json | undefined) => void;
}

function DefaultText({ value, hint, onChange }: TextProps) {
  const { t } = useTranslation("functions");
  const text = useText(value ?? "", (next) => onChange(next === "" ? undefined : next));
  return (
    <Textarea
      size="xs"
      autosize
      minRows={1}
      maxRows={5}
      label={t("publish.default")}
      placeholder={hint}
      value={text.value}
      onChange={(event) => text.type(event.currentTarget.value)}
      onBlur={text.settle}
    />
  );
}

interface OptionsProps {
  readonly input: FunctionInput;
  readonly onChange: (options: Json | undefined) => void;
}

/** None chosen: all the node has, also those that come later. */
function Options({ input, onChange }: OptionsProps) {
  const { t } = useTranslation("functions");
  const choices = choicesOf(input);
  return (
    <MultiSelect
      size="xs"
      label={t("publish.options")}
      placeholder={input.options === undefined ? t("publish.allOptions") : ""}
      searchable
      clearable
      data={[...new Set(choices.map(choiceText))]}
      value={(input.options ?? []).map(choiceText)}
      onChange={(chosen) =>
        onChange(
          chosen.length === 0 ? undefined : choices.filter((choice) => chosen.includes(choiceText(choice))),
        )
      }
    />
  );
}

function choicesOf({ targets }: FunctionInput): readonly Json[] {
  const [first] = targets;
  return (first && targetDef(here(), first)?.choices) ?? [];
}
