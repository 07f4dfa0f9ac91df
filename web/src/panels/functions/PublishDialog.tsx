import {
  Alert,
  Anchor,
  Button,
  Code,
  Group,
  Loader,
  Modal,
  Radio,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/error";
import { hashOf } from "@/app/route";
import type { FunctionInput } from "@/graph/functions/declaration";
import { classOfRelease } from "@/graph/functions/upgrade";
import { isObject } from "@/graph/json";
import { loadDefs } from "@/store/defs";
import { completeDeclared } from "@/store/functions/declaring";
import { commitDocument, type Saved } from "@/store/versions";
import { checkRelease, putRelease } from "@/store/versions/server";
import { noteVersions } from "@/store/versions/timeline";
import type { Release, ReleaseCheck } from "@/store/versions/types";
import { NUMBER, numbersFor } from "./releaseNumbers";

interface Props {
  /** What the server makes of each input. */
  readonly known: ReadonlyMap<string, FunctionInput>;
  readonly onClose: () => void;
}

type Step =
  | { readonly kind: "saving" }
  | { readonly kind: "asking"; readonly saved: Saved; readonly check: ReleaseCheck }
  | { readonly kind: "done"; readonly saved: Saved; readonly release: Release };

/** Saves the workflow, asks what the release is to be called, and releases it. */
export function PublishDialog({ known, onClose }: Props) {
  const { t } = useTranslation("functions");
  const [step, setStep] = useState<Step>({ kind: "saving" });
  const [failure, setFailure] = useState<string | null>(null);
  const hasBegun = useRef(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is opened
  useEffect(() => {
    if (hasBegun.current) return;
    hasBegun.current = true;
    void prepare();
  }, []);
  async function prepare(): Promise<void> {
    try {
      completeDeclared(known);
      const saved = await commitDocument();
      if (saved === null) return onClose();
      setStep({ kind: "asking", saved, check: await checkRelease(saved.workflow, saved.version) });
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("release.title")}
      closeButtonProps={{ "aria-label": t("release.close") }}
    >
      {failure !== null && (
        <Alert color="red" role="alert" mb="md">
          {failure}
        </Alert>
      )}
      {step.kind === "saving" && failure === null && (
        <Group role="status">
          <Loader size="sm" />
          {t("release.saving")}
        </Group>
      )}
      {step.kind === "asking" && (
        <Asking
          {...step}
          onFailure={setFailure}
          onDone={(release) => {
            setFailure(null);
            setStep({ kind: "done", saved: step.saved, release });
            noteVersions(step.saved.workflow);
            // As a node it is there at once.
            void loadDefs();
          }}
        />
      )}
      {step.kind === "done" && <Done {...step} onClose={onClose} />}
    </Modal>
  );
}

interface AskingProps {
  readonly saved: Saved;
  readonly check: ReleaseCheck;
  readonly onFailure: (message: string | null) => void;
  readonly onDone: (release: Release) => void;
}

function Asking({ saved, check, onFailure, onDone }: AskingProps) {
  const { t } = useTranslation("functions");
  const offered = numbersFor(check);
  const [chosen, choose] = useState(check.smallest);
  const [other, setOther] = useState("");
  const [notes, setNotes] = useState("");
  const [isSending, setSending] = useState(false);
  const number = chosen === OTHER ? other.trim() : chosen;
  const release = async () => {
    setSending(true);
    onFailure(null);
    try {
      onDone(await putRelease(saved.workflow, { version: saved.version, number, notes: notes.trim() }));
    } catch (error) {
      onFailure(reasonsOf(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void release();
      }}
    >
      <Stack gap="md">
        {check.reasons.length > 0 && (
          <div>
            <Text size="sm" fw={600}>
              {t("release.differs", { previous: check.previous ?? "" })}
            </Text>
            <ul>
              {check.reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          </div>
        )}
        <Radio.Group label={t("release.number")} value={chosen} onChange={choose}>
          <Stack gap={6} mt={6}>
            {offered.map(({ level, number: one }) => (
              <Radio
                key={one}
                value={one}
                label={`${one} · ${t(`release.level.${level}`)}`}
                data-testid={`release-${level}`}
              />
            ))}
            <Radio value={OTHER} label={t("release.other")} />
          </Stack>
        </Radio.Group>
        {chosen === OTHER && (
          <TextInput
            label={t("release.numberLabel")}
            placeholder="1.0.0"
            value={other}
            error={other !== "" && !NUMBER.test(other.trim()) ? t("release.rule") : null}
            onChange={(event) => setOther(event.currentTarget.value)}
          />
        )}
        <Textarea
          label={t("release.notes")}
          description={t("release.notesHint")}
          autosize
          minRows={2}
          value={notes}
          onChange={(event) => setNotes(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={isSending} disabled={!NUMBER.test(number)} data-testid="release-yes">
            {t("release.yes", { name: saved.workflow, number })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
const OTHER = "other";

interface DoneProps {
  readonly saved: Saved;
  readonly release: Release;
  readonly onClose: () => void;
}

function Done({ saved, release, onClose }: DoneProps) {
  const { t } = useTranslation("functions");
  const name = `${saved.workflow}@${release.number}`;
  const node = classOfRelease({ name: saved.workflow, release: release.number });
  const request = `POST /api/v1/workflows/${encodeURIComponent(saved.workflow)}/run`;
  return (
    <Stack gap="md" data-testid="release-done">
      <Text>{t("release.done", { name })}</Text>
      <Text size="sm">
        {t("release.asNode")} <Code>{node}</Code>
      </Text>
      <Text size="sm">
        {t("release.asRequest")} <Code>{request}</Code>
      </Text>
      <Group justify="flex-end">
        <Anchor href={hashOf({ kind: "form", reference: name, query: "" })}>{t("release.form")}</Anchor>
        <Button onClick={onClose} data-autofocus>
          {t("release.close")}
        </Button>
      </Group>
    </Stack>
  );
}

/** A refusal says why the number is too small. */
function reasonsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  const reasons = isObject(error.body) && Array.isArray(error.body["reasons"]) ? error.body["reasons"] : [];
  return [error.message, ...reasons.map(String)].join(" · ");
}
