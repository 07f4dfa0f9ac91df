import { Input, MultiSelect, SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { choiceText } from "@/canvas/widgets/choices";
import { same } from "@/graph/json";
import type { FileRef } from "@/store/runs";
import { FileControl } from "./FileControl";
import type { ChoiceField, Field } from "./fields";
import { NumberControl } from "./NumberControl";
import { pictureOf } from "./pictures";
import type { Form } from "./useForm";

interface Props {
  readonly field: Field;
  readonly form: Form;
}

/** One input of the function as a labelled control. */
export function FieldControl({ field, form }: Props) {
  const { t } = useTranslation("functions");
  const told = form.trouble(field);
  const error =
    told === null || typeof told === "string" ? told : t(`trouble.${told.code}`, { limit: told.limit ?? 0 });
  const value = form.values[field.name];
  const common = {
    label: field.label,
    description: field.description || undefined,
    required: field.isRequired,
    error,
    name: field.name,
    onBlur: () => form.leave(field.name),
  };
  switch (field.kind) {
    case "text": {
      const text = {
        ...common,
        value: typeof value === "string" ? value : "",
        onChange: (event: { currentTarget: { value: string } }) =>
          form.set(field.name, event.currentTarget.value),
      };
      return field.isLong ? (
        <Textarea {...text} autosize minRows={3} maxRows={12} />
      ) : (
        <TextInput {...text} />
      );
    }
    case "number":
      return (
        <NumberControl
          {...common}
          field={field}
          value={value}
          onChange={(next) => form.set(field.name, next)}
        />
      );
    case "toggle":
      return (
        <Switch
          {...common}
          checked={value === true}
          onChange={(event) => form.set(field.name, event.currentTarget.checked)}
        />
      );
    case "choice":
      return <Choice {...common} field={field} form={form} />;
    case "file":
      return (
        <FileControl
          {...common}
          field={field}
          value={value}
          masked={field.isMask ? pictureFor(form) : null}
          onChange={(next) => form.set(field.name, next)}
        />
      );
  }
}

/** The picture that a mask is painted over. */
function pictureFor({ fields, values }: Form): FileRef | null {
  const picture = fields.find((field) => field.kind === "file" && !field.isMask);
  return picture === undefined ? null : pictureOf(values[picture.name]);
}

export interface Common {
  readonly label: string;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly error: string | null;
  readonly name: string;
  readonly onBlur: () => void;
}

/** Few short options are seen at once; more are in a list that can be searched. */
const AT_ONCE = 4;

function Choice({ field, form, ...common }: Common & { readonly field: ChoiceField; readonly form: Form }) {
  const { t } = useTranslation("functions");
  const value = form.values[field.name];
  const words = field.options.map(choiceText);
  const optionOf = (text: string) => field.options[words.indexOf(text)];
  if (field.isMany) {
    const chosen = Array.isArray(value) ? value.map(choiceText) : [];
    return (
      <MultiSelect
        {...common}
        searchable
        data={words}
        value={chosen}
        onChange={(next) =>
          form.set(
            field.name,
            next.flatMap((text) => optionOf(text) ?? []),
          )
        }
        nothingFoundMessage={t("form.noOption")}
      />
    );
  }
  const chosen = words[field.options.findIndex((option) => same(option, value))] ?? null;
  const isShort = words.length > 1 && words.length <= AT_ONCE && words.join("").length <= 32;
  if (isShort && chosen !== null) {
    return (
      <Input.Wrapper {...common} labelElement="div">
        <SegmentedControl
          fullWidth
          mt={4}
          aria-label={field.label}
          data={words}
          value={chosen}
          onChange={(text) => form.set(field.name, optionOf(text))}
        />
      </Input.Wrapper>
    );
  }
  return (
    <Select
      {...common}
      searchable={words.length > 8}
      allowDeselect={!field.isRequired && field.initial === undefined}
      data={words}
      value={chosen}
      placeholder={t("form.choose")}
      onChange={(text) => form.set(field.name, text === null ? undefined : optionOf(text))}
      nothingFoundMessage={t("form.noOption")}
    />
  );
}
