import { Button, CopyButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { NodeError } from "@/store/runs";
import styles from "./Problems.module.css";

/** Where the code of a node failed, and on what: for whoever wrote it. */
export function Traceback({ error }: { readonly error: NodeError }) {
  const { t } = useTranslation("problems");
  const inputs = Object.entries(error.inputs).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const text = [...error.traceback, `${error.type}: ${error.message}`]
    .map((line) => line.trimEnd())
    .join("\n");
  return (
    <details className={styles.more}>
      <summary>{t("traceback")}</summary>
      {inputs.length > 0 && (
        <>
          <div className={styles.label}>{t("inputs")}</div>
          <Code text={inputs.join("\n")} />
        </>
      )}
      <Code text={text} />
      <CopyButton value={[text, "", ...inputs].join("\n")}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="default" onClick={copy}>
            {copied ? t("copied") : t("copy")}
          </Button>
        )}
      </CopyButton>
    </details>
  );
}

function Code({ text }: { readonly text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <pre className={styles.code} tabIndex={0}>
      {text}
    </pre>
  );
}
