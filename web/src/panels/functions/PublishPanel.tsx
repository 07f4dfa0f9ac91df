import { Alert, Button, TextInput } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { later } from "@/api/parts";
import { useText } from "@/canvas/widgets/TextWidget";
import type { WorkflowFunction } from "@/graph/functions/declaration";
import { changeInput, changeOutput, moved } from "@/graph/functions/edit";
import { changeDeclared, useDeclared } from "@/store/functions/declaring";
import { AddBinding } from "./AddBinding";
import { Description } from "./Description";
import { EntryList } from "./EntryList";
import { InputDetails } from "./InputDetails";
import styles from "./PublishPanel.module.css";
import { useCheck } from "./useCheck";
import { useChoosing } from "./useChoosing";

const PublishDialog = later(() => import("./PublishDialog"), "PublishDialog");

/** Makes a function of the open workflow: what it takes and what it gives, chosen on the canvas. */
export function PublishPanel() {
  const { t } = useTranslation("functions");
  const declared = useDeclared();
  const check = useCheck();
  const [isPublishing, setPublishing] = useState(false);
  useChoosing();
  const isReady = declared.outputs.length > 0 && check.count === 0;
  return (
    <div className={styles.panel}>
      <p className={styles.hint}>{t("publish.hint")}</p>
      <Words declared={declared} />
      <section aria-labelledby="publish-inputs">
        <h3 id="publish-inputs">{t("publish.inputs")}</h3>
        {declared.inputs.length === 0 && <p className={styles.hint}>{t("publish.noInputs")}</p>}
        <EntryList
          side="inputs"
          entries={declared.inputs.map((input) => ({
            name: input.name,
            type: input.type,
            ends: input.targets,
          }))}
          troubles={(index, name) => check.of("inputs", index, name)}
          onName={(at, name) => changeDeclared((one) => changeInput(one, at, { name }))}
          onMove={(from, to) => changeDeclared((one) => ({ ...one, inputs: moved(one.inputs, from, to) }))}
          onRemove={(at) => changeDeclared((one) => ({ ...one, inputs: one.inputs.toSpliced(at, 1) }))}
        >
          {(at) => {
            const input = declared.inputs[at];
            return input === undefined ? null : (
              <InputDetails input={input} known={check.inputs.get(input.name)} at={at} />
            );
          }}
        </EntryList>
        <AddBinding side="inputs" />
      </section>
      <section aria-labelledby="publish-outputs">
        <h3 id="publish-outputs">{t("publish.outputs")}</h3>
        {declared.outputs.length === 0 && <p className={styles.hint}>{t("publish.noOutputs")}</p>}
        <EntryList
          side="outputs"
          entries={declared.outputs.map((output) => ({
            name: output.name,
            type: output.type,
            ends: [output.source],
          }))}
          troubles={(index, name) => check.of("outputs", index, name)}
          onName={(at, name) => changeDeclared((one) => changeOutput(one, at, { name }))}
          onMove={(from, to) => changeDeclared((one) => ({ ...one, outputs: moved(one.outputs, from, to) }))}
          onRemove={(at) => changeDeclared((one) => ({ ...one, outputs: one.outputs.toSpliced(at, 1) }))}
        >
          {(at) => (
            <Description
              value={declared.outputs[at]?.description ?? ""}
              onChange={(description) => changeDeclared((one) => changeOutput(one, at, { description }))}
            />
          )}
        </EntryList>
        <AddBinding side="outputs" />
      </section>
      {check.others.map((message) => (
        <Alert key={message} color="red" role="alert">
          {message}
        </Alert>
      ))}
      <div className={styles.publish}>
        <Button
          fullWidth
          leftSection={<IconRocket size={16} aria-hidden />}
          disabled={!isReady}
          onClick={() => setPublishing(true)}
          data-testid="publish"
        >
          {t("publish.publish")}
        </Button>
        {!isReady && (
          <p className={styles.hint}>
            {t(declared.outputs.length === 0 ? "publish.needsOutput" : "publish.needsMending", {
              count: check.count,
            })}
          </p>
        )}
      </div>
      <Suspense fallback={null}>
        {isPublishing && <PublishDialog known={check.inputs} onClose={() => setPublishing(false)} />}
      </Suspense>
    </div>
  );
}

function Words({ declared }: { readonly declared: WorkflowFunction }) {
  const { t } = useTranslation("functions");
  const title = useText(declared.title ?? "", (text) =>
    changeDeclared((one) => withText(one, "title", text)),
  );
  return (
    <div className={styles.words}>
      <TextInput
        size="xs"
        label={t("publish.title")}
        placeholder={t("publish.titleHint")}
        value={title.value}
        onChange={(event) => title.type(event.currentTarget.value)}
        onBlur={title.settle}
        data-testid="publish-title"
      />
      <Description
        value={declared.description ?? ""}
        onChange={(text) => changeDeclared((one) => withText(one, "description", text ?? ""))}
      />
    </div>
  );
}

function withText(declared: WorkflowFunction, key: "title" | "description", text: string): WorkflowFunction {
  const { [key]: _, ...others } = declared;
  return text.trim() === "" ? others : { ...others, [key]: text.trim() };
}
