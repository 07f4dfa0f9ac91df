import { Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useText } from "@/canvas/widgets/TextWidget";

interface Props {
  readonly value: string;
  readonly onChange: (text: string | undefined) => void;
}

/** A sentence or two for those who fill in the form. Undefined once nothing is left of it. */
export function Description({ value, onChange }: Props) {
  const { t } = useTranslation("functions");
  const text = useText(value, (next) => onChange(next.trim() === "" ? undefined : next.trim()));
  return (
    <Textarea
      size="xs"
      autosize
      minRows={1}
      maxRows={6}
      label={t("publish.description")}
      value={text.value}
      onChange={(event) => text.type(event.currentTarget.value)}
      onBlur={text.settle}
    />
  );
}
