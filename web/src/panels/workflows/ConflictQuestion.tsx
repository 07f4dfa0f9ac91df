import { Button, Group, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Questions } from "@/store/files/ask";

const Differences = lazy(async () => ({ default: (await import("./Differences")).Differences }));

interface Props {
  readonly question: Questions["conflict"];
  readonly settle: (answer: "overwrite" | "copy" | "cancel") => void;
}

/** The file is another by now. What was saved meanwhile can be looked at before anything is decided. */
export function ConflictQuestion({ question, settle }: Props) {
  const { t } = useTranslation("files");
  const [isOpen, setOpen] = useState(false);
  const { name, ours, theirs } = question;
  return (
    <>
      <Text size="sm">{t("ask.conflict.text", { name })}</Text>
      {theirs === null && (
        <Text size="sm" mt="xs">
          {t("ask.conflict.unreadable")}
        </Text>
      )}
      {isOpen && theirs !== null && (
        <Suspense fallback={null}>
          <Differences theirs={theirs} ours={ours} />
        </Suspense>
      )}
      <Group justify="flex-end" mt="md">
        {theirs !== null && !isOpen && (
          <Button variant="subtle" mr="auto" onClick={() => setOpen(true)} data-testid="ask-differences">
            {t("ask.conflict.differences")}
          </Button>
        )}
        <Button variant="default" onClick={() => settle("cancel")}>
          {t("ask.cancel")}
        </Button>
        <Button color="red" variant="light" onClick={() => settle("overwrite")} data-testid="ask-overwrite">
          {t("ask.conflict.overwrite")}
        </Button>
        <Button onClick={() => settle("copy")} data-autofocus data-testid="ask-copy">
          {t("ask.conflict.copy")}
        </Button>
      </Group>
    </>
  );
}
