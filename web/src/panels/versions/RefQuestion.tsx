import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Questions } from "@/store/files/ask";
import { refTrouble } from "@/store/versions/names";

interface Props {
  readonly question: Questions["ref"];
  readonly settle: (name: string | null) => void;
}

/** What to call a branch or a tag. */
export function RefQuestion({ question, settle }: Props) {
  const { t } = useTranslation("versions");
  const { what, taken } = question;
  const [name, setName] = useState("");
  const [isTried, setTried] = useState(false);
  const wanted = name.trim();
  const trouble = taken.includes(wanted) ? "taken" : refTrouble(wanted);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (trouble === "") settle(wanted);
  };
  const isShown = trouble !== "" && (isTried || name !== "");
  return (
    <form onSubmit={submit}>
      <TextInput
        label={t(`ask.${what}.label`)}
        description={t(`ask.${what}.hint`)}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={isShown && t(`ask.ref.${trouble}`)}
        autoComplete="off"
        data-autofocus
        data-testid="ask-ref"
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => settle(null)}>
          {t("cancel")}
        </Button>
        <Button type="submit" data-testid="ask-yes">
          {t(`ask.${what}.yes`)}
        </Button>
      </Group>
    </form>
  );
}
