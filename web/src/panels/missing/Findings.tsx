import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Finding } from "@/graph/formats/finding";
import { type Report, showReport } from "@/store/report";
import styles from "./MissingPanel.module.css";
import { NodeLinks } from "./NodeLinks";

/** What reading the file had to repair or could not make out. */
export function Findings({ report }: { readonly report: Report }) {
  const { t } = useTranslation("app");
  return (
    <section>
      <h3>{t("missing.report", { name: report.source })}</h3>
      <ul className={styles.findings}>
        {report.findings.map((finding, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes, and findings may be alike
          <FindingLine key={index} finding={finding} />
        ))}
      </ul>
      <Button size="compact-sm" variant="default" onClick={() => showReport(null)}>
        {t("missing.reportDone")}
      </Button>
    </section>
  );
}

function FindingLine({ finding }: { readonly finding: Finding }) {
  const { t } = useTranslation("formats");
  const { node, graph, code, params } = finding;
  return (
    <li>
      {t(`finding.${code}`, {
        ...params,
        node: params["node"] ?? node,
        input: params["input"] ?? finding.input,
      })}{" "}
      {node !== undefined && <NodeLinks places={[{ graph, node }]} />}
    </li>
  );
}
