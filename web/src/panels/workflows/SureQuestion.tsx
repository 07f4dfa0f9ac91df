import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  readonly text: string;
  readonly yes: string;
  readonly settle: (isSure: boolean) => void;
}

/** For what cannot be taken back. */
export function SureQuestion({ text, yes, settle }: Props) {
  const { t } = useTranslation("files");
  return (
    <>
      <Text size="sm">{text}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => settle(false)} data-autofocus>
          {t("ask.cancel")}
        </Button>
        <Button color="red" onClick={() => settle(true)} data-testid="ask-yes">
          {yes}
        </Button>
      </Group>
    </>
  );
}
