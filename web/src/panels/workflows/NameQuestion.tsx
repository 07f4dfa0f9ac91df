import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Questions } from "@/store/files/ask";
import { nameTrouble } from "@/store/files/userdata";

interface Props {
  readonly question: Questions["name"];
  readonly settle: (name: string | null) => void;
}

/** What to call a file. Slashes make folders. */
export function NameQuestion({ question, settle }: Props) {
  const { t } = useTranslation("files");
  const [name, setName] = useState(question.suggested);
  const [isTried, setTried] = useState(false);
  const trouble = nameTrouble(name.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (trouble === "") settle(name.trim());
  };
  const isShown = trouble !== "" && (isTried || name !== "");
  return (
    <form onSubmit={submit}>
      <TextInput
        label={t("ask.name.label")}
        description={t("ask.name.folders")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        error={isShown ? t(`ask.name.trouble.${trouble}`) : null}
        data-autofocus
        data-testid="ask-name"
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => settle(null)}>
          {t("ask.cancel")}
        </Button>
        <Button type="submit" data-testid="ask-yes">
          {t(`ask.name.yes.${question.purpose}`)}
        </Button>
      </Group>
    </form>
  );
}
