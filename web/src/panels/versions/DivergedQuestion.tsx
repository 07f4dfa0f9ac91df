import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Ago } from "@/panels/workflows/Ago";
import type { Answers, Questions } from "@/store/files/ask";
import type { VersionItem } from "@/store/versions/types";
import styles from "./Versions.module.css";

interface Props {
  readonly question: Questions["diverged"];
  readonly settle: (answer: Answers["diverged"]) => void;
}

/** Somebody else saved first. Both are kept; this only asks how to go on. */
export function DivergedQuestion({ question, settle }: Props) {
  const { t } = useTranslation("versions");
  const { branch, kept, ours, theirs } = question;
  return (
    <>
      <Text size="sm">{t("ask.diverged.text", { branch, kept })}</Text>
      <dl className={styles.sides}>
        <Kept label={t("ask.diverged.theirs", { branch })} version={theirs} />
        <Kept label={t("ask.diverged.ours", { branch: kept })} version={ours} />
      </dl>
      <Group justify="flex-end" mt="md">
        <Button variant="subtle" mr="auto" onClick={() => settle("compare")} data-testid="ask-compare">
          {t("ask.diverged.compare")}
        </Button>
        <Button variant="default" onClick={() => settle("keep")} data-testid="ask-keep">
          {t("ask.diverged.keep")}
        </Button>
        <Button onClick={() => settle("merge")} data-autofocus data-testid="ask-merge">
          {t("ask.diverged.merge")}
        </Button>
      </Group>
    </>
  );
}

function Kept({ label, version }: { readonly label: string; readonly version: VersionItem }) {
  const { t } = useTranslation("versions");
  const { number, author, message, created } = version;
  return (
    <div className={styles.side}>
      <dt>{label}</dt>
      <dd>
        <strong>{message || t("untitled")}</strong>
        <span>
          {t("by", { author, number })} · <Ago at={created} />
        </span>
      </dd>
    </div>
  );
}
