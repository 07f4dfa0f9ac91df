import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Answers, Questions } from "@/store/files/ask";

interface Props {
  readonly question: Questions["unsaved"];
  readonly settle: (answer: Answers["unsaved"]) => void;
}

/** What to do with edits that are in no version before something else is shown. */
export function UnsavedQuestion({ question, settle }: Props) {
  const { t } = useTranslation("versions");
  const { name, purpose } = question;
  return (
    <>
      <Text size="sm">{t(`ask.unsaved.${purpose}`, { name })}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => settle("cancel")}>
          {t("cancel")}
        </Button>
        {purpose === "switch" && (
          <Button variant="default" onClick={() => settle("draft")} data-testid="ask-draft">
            {t("ask.unsaved.draft")}
          </Button>
        )}
        <Button onClick={() => settle("save")} data-autofocus data-testid="ask-yes">
          {t("ask.unsaved.save")}
        </Button>
      </Group>
    </>
  );
}
