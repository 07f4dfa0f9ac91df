import { ActionIcon, Alert, Button, Tooltip } from "@mantine/core";
import { IconGridDots, IconPlayerPlayFilled, IconRestore } from "@tabler/icons-react";
import { type FormEvent, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, unreachable } from "@/api/error";
import { later } from "@/api/parts";
import { startCall, useCalls } from "@/store/functions/calls";
import type { Callable } from "@/store/functions/server";
import { FieldControl } from "./FieldControl";
import { FormHead } from "./FormHead";
import styles from "./FormPage.module.css";
import type { Field } from "./fields";
import { PastRuns } from "./PastRuns";
import { RunView } from "./RunView";
import { refusalIn } from "./refusals";
import { useForm } from "./useForm";
import { bodyOf } from "./values";

const SweepSetup = later(() => import("./SweepSetup"), "SweepSetup");

interface Props {
  readonly callable: Callable;
  readonly fields: readonly Field[];
  readonly reference: string;
  readonly query: string;
}

export function FilledForm({ callable, fields, reference, query }: Props) {
  const { t } = useTranslation("functions");
  const form = useForm(fields, reference, query);
  const runs = useCalls((calls) => calls.runs);
  const [chosen, choose] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [isSweep, setSweep] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const results = useRef<HTMLElement>(null);
  const run = runs.find((one) => one.id === chosen) ?? runs[0];

  const { title = callable.name } = callable.function;
  useEffect(() => {
    document.title = `${title} · Darkroom`;
  }, [title]);
  const refuse = (error: unknown) => {
    const known = error instanceof ApiError ? error : unreachable(error);
    const { fields: refused, others } = refusalIn(known.body, callable.function.inputs);
    form.refuse(refused);
    setFailure(known.unreachable ? t("form.unreachable") : [known.message, ...others].join("\n"));
    focusTrouble(box.current);
  };
  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    if (isSending) return;
    if (!form.check()) return focusTrouble(box.current);
    setSending(true);
    setFailure(null);
    try {
      await startCall(callable, reference, bodyOf(fields, form.values));
      choose(null);
      showResults(results.current);
    } catch (error) {
      refuse(error);
    } finally {
      setSending(false);
    }
  };

  return (
    <>
      <FormHead callable={callable} address={form.address} />
      <div className={styles.columns}>
        <form
          ref={box}
          className={styles.form}
          noValidate
          onSubmit={submit}
          aria-label={t("form.inputs")}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !isSweep) void submit();
          }}
        >
          {fields.length === 0 && <p className={styles.hint}>{t("form.noInputs")}</p>}
          {isSweep ? (
            <Suspense fallback={null}>
              <SweepSetup
                form={form}
                reference={reference}
                workflow={callable.name}
                onRefused={refuse}
                onClose={() => setSweep(false)}
              />
            </Suspense>
          ) : (
            fields.map((field) => <FieldControl key={field.name} field={field} form={form} />)
          )}
          {failure !== null && (
            <Alert className={styles.failure ?? ""} color="red" role="alert" data-testid="form-failure">
              {failure}
            </Alert>
          )}
          {!isSweep && (
            <div className={styles.actions}>
              <Button
                type="submit"
                size="md"
                loading={isSending}
                leftSection={<IconPlayerPlayFilled size={16} aria-hidden />}
                data-testid="form-run"
              >
                {t("form.run")}
              </Button>
              {fields.length > 0 && (
                <Button
                  variant="default"
                  size="md"
                  leftSection={<IconGridDots size={16} aria-hidden />}
                  onClick={() => setSweep(true)}
                  data-testid="form-sweep"
                >
                  {t("form.sweep")}
                </Button>
              )}
              <Tooltip label={t("form.reset")}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={40}
                  aria-label={t("form.reset")}
                  onClick={() => form.fill({})}
                >
                  <IconRestore size={18} aria-hidden />
                </ActionIcon>
              </Tooltip>
            </div>
          )}
        </form>
        <section ref={results} className={styles.results} aria-label={t("form.results")}>
          {run === undefined ? <p className={styles.empty}>{t("form.nothingYet")}</p> : <RunView run={run} />}
          {runs.length > 0 && (
            <PastRuns
              runs={runs}
              shown={run?.id ?? null}
              onShow={(one) => {
                choose(one.id);
                form.fill(one.inputs);
              }}
            />
          )}
        </section>
      </div>
    </>
  );
}

/** The first field that is wrong gets the keyboard, once it says so. */
function focusTrouble(box: HTMLElement | null): void {
  requestAnimationFrame(() =>
    box?.querySelector<HTMLElement>('[aria-invalid="true"], [data-trouble] input')?.focus(),
  );
}

/** On a phone they are below the form. */
function showResults(results: HTMLElement | null): void {
  const top = results?.getBoundingClientRect().top ?? 0;
  if (top > window.innerHeight * 0.7) results?.scrollIntoView({ block: "start" });
}
