import { Button, Group, Textarea } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Document } from "@/graph/document";
import { useEditor } from "@/store/editor";
import type { Questions } from "@/store/files/ask";
import { workspace } from "@/store/persist";
import { baseOf } from "@/store/versions/commit";
import { DifferenceBox } from "./DifferenceBox";

interface Props {
  readonly question: Questions["message"];
  readonly settle: (message: string | null) => void;
}

/** What to say of a version, with what is different in sight. */
export function MessageQuestion({ question, settle }: Props) {
  const { t } = useTranslation("versions");
  const [message, setMessage] = useState(question.suggested);
  const [before, setBefore] = useState<Document | null>(null);
  const document = useEditor((editor) => editor.document);
  useEffect(() => {
    const doc = workspace().active;
    if (doc !== undefined) void baseOf(doc).then(setBefore);
  }, []);
  const submit = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault();
    settle(message.trim());
  };
  return (
    <form onSubmit={submit}>
      <Textarea
        label={t("ask.message.label")}
        description={t("ask.message.hint")}
        value={message}
        onChange={(event) => setMessage(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
        }}
        autosize
        minRows={2}
        maxRows={8}
        maxLength={10_000}
        data-autofocus
        data-testid="ask-message"
      />
      {before !== null && <DifferenceBox before={before} after={document} />}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => settle(null)}>
          {t("cancel")}
        </Button>
        <Button type="submit" data-testid="ask-yes">
          {t("ask.message.yes")}
        </Button>
      </Group>
    </form>
  );
}
