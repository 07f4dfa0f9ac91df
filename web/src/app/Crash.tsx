import { Button, Code, CopyButton, Group, ScrollArea, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { runCommand } from "@/store/perform";
import styles from "./Crash.module.css";

interface Props {
  readonly place: "page" | "canvas" | "panel";
  readonly error: Error;
  readonly stack: string;
  readonly onRetry: () => void;
}

/** Shown where a part of the page failed: what happened, that the work is safe, and the ways on. */
export function Crash({ place, error, stack, onRetry }: Props) {
  const { t } = useTranslation("app");
  const details = `${error.stack ?? error.message}\n${stack}`;
  return (
    <div className={styles.crash} role="alert">
      <Stack gap="sm" maw={560}>
        <Title order={2} size="h4">
          {t(`crash.${place}`)}
        </Title>
        <Text size="sm">{t("crash.safe")}</Text>
        <Code block>{error.message}</Code>
        <Group gap="xs">
          <Button size="xs" onClick={onRetry}>
            {t("crash.retry")}
          </Button>
          <Button size="xs" variant="default" onClick={() => window.location.reload()}>
            {t("crash.reload")}
          </Button>
          <Button size="xs" variant="default" onClick={() => runCommand("file.exportUi")}>
            {t("crash.export")}
          </Button>
          <CopyButton value={details}>
            {({ copied, copy }) => (
              <Button size="xs" variant="subtle" onClick={copy}>
                {copied ? t("crash.copied") : t("crash.copy")}
              </Button>
            )}
          </CopyButton>
        </Group>
        <details>
          <summary>{t("crash.details")}</summary>
          <ScrollArea.Autosize mah={240}>
            <pre className={styles.trace}>{details}</pre>
          </ScrollArea.Autosize>
        </details>
      </Stack>
    </div>
  );
}
