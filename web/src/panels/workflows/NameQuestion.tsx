import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Questions } from "@/store/files/ask";
import { nameTrouble } from "@/store/files/userdata";
import { workflowNameTrouble } from "@/store/versions/names";

interface Props {
  readonly question: Questions["name"];
  readonly settle: (name: string | null) => void;
}

/** What to call a workflow, or a file, where slashes make folders. */
export function NameQuestion({ question, settle }: Props) {
  const { t } = useTranslation("files");
  const { of, purpose, suggested, taken } = question;
  const [name, setName] = useState(suggested);
  const [isTried, setTried] = useState(false);
  const wanted = name.trim().normalize("NFC");
  const trouble = of === "file" ? nameTrouble(wanted) : workflowNameTrouble(wanted);
  const isTaken = taken !== undefined && same(wanted, taken);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (trouble === "" && !isTaken) settle(wanted);
  };
  const isShown = trouble !== "" && (isTried || name !== "");
  return (
    <form onSubmit={submit}>
      <TextInput
        label={t("ask.name.label")}
        description={of === "file" ? t("ask.name.folders") : taken && t("notice.nameTaken", { name: taken })}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        error={isShown ? t(`ask.name.trouble.${of}.${trouble}`) : isTaken && t("ask.name.taken")}
        data-autofocus
        data-testid="ask-name"
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => settle(null)}>
          {t("ask.cancel")}
        </Button>
        <Button type="submit" data-testid="ask-yes">
          {t(`ask.name.yes.${purpose}`)}
        </Button>
      </Group>
    </form>
  );
}

/** As the server tells names apart. */
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
