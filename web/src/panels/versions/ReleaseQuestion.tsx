import {
  Alert,
  Button,
  Group,
  List,
  Loader,
  SegmentedControl,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/error";
import { loadDefs } from "@/store/defs";
import type { Questions } from "@/store/files/ask";
import { tell } from "@/store/persist/notices";
import { isBelow, raised } from "@/store/versions/numbers";
import { checkRelease, putRelease } from "@/store/versions/server";
import { noteVersions } from "@/store/versions/timeline";
import type { ReleaseCheck } from "@/store/versions/types";

interface Props {
  readonly question: Questions["release"];
  readonly settle: (done: null) => void;
}

const LEVELS = ["patch", "minor", "major"] as const;

/** A number for a version, for good. What it must be at least follows from what callers would notice. */
export function ReleaseQuestion({ question, settle }: Props) {
  const { t } = useTranslation("versions");
  const { name, version } = question;
  const [check, setCheck] = useState<ReleaseCheck | null>(null);
  const [number, setNumber] = useState("");
  const [notes, setNotes] = useState("");
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    checkRelease(name, version.id).then(
      (found) => {
        setCheck(found);
        setNumber(found.smallest);
      },
      (refused: unknown) => setError(refused instanceof Error ? refused.message : String(refused)),
    );
  }, [name, version.id]);
  const isNumber = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.test(number);
  const isSmall = check !== null && isNumber && isBelow(number, check.smallest);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isNumber || isSmall || isBusy) return;
    setBusy(true);
    try {
      await putRelease(name, { version: version.id, number, notes: notes.trim() });
      tell("info", "versions:notice.released", { name, number });
      noteVersions(name);
      // What it declares is a node now.
      void loadDefs();
      settle(null);
    } catch (refused) {
      setError(refused instanceof ApiError ? refused.message : String(refused));
      setBusy(false);
    }
  };
  const previous = check?.previous ?? null;
  return (
    <form onSubmit={(event) => void submit(event)}>
      {error !== "" && (
        <Alert color="red" mb="sm" role="alert">
          {error}
        </Alert>
      )}
      {check === null && error === "" && <Loader size="sm" aria-label={t("loading")} />}
      {check !== null && (
        <>
          <Text size="sm">
            {previous === null
              ? t("ask.release.first", { number: check.smallest })
              : t(`ask.release.${check.level}`, { number: check.smallest, previous })}
          </Text>
          {check.reasons.length > 0 && (
            <List size="sm" mt="xs" data-testid="release-reasons">
              {check.reasons.map((reason) => (
                <List.Item key={reason}>{reason}</List.Item>
              ))}
            </List>
          )}
          <Group align="flex-end" mt="sm">
            <TextInput
              label={t("ask.release.number")}
              value={number}
              onChange={(event) => setNumber(event.currentTarget.value.trim())}
              error={
                !isNumber
                  ? t("ask.release.form")
                  : isSmall && t("ask.release.small", { number: check.smallest })
              }
              data-autofocus
              data-testid="release-number"
            />
            {previous !== null && (
              <SegmentedControl
                aria-label={t("ask.release.raise")}
                value={LEVELS.find((level) => raised(previous, level) === number) ?? ""}
                onChange={(level) =>
                  setNumber(raised(previous, LEVELS.find((one) => one === level) ?? "patch"))
                }
                data={LEVELS.map((level) => ({
                  value: level,
                  label: t(`ask.release.level.${level}`),
                  disabled: isBelow(raised(previous, level), check.smallest),
                }))}
              />
            )}
          </Group>
          <Textarea
            mt="sm"
            label={t("ask.release.notes")}
            description={t("ask.release.notesHint")}
            value={notes}
            onChange={(event) => setNotes(event.currentTarget.value)}
            autosize
            minRows={2}
            maxRows={10}
          />
        </>
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => settle(null)}>
          {t("cancel")}
        </Button>
        <Button
          type="submit"
          loading={isBusy}
          disabled={check === null || !isNumber || isSmall}
          data-testid="ask-yes"
        >
          {t("ask.release.yes")}
        </Button>
      </Group>
    </form>
  );
}
