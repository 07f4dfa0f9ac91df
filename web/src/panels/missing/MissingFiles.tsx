import { Anchor, Button, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { setWidget } from "@/graph/edit";
import type { MissingChoice } from "@/graph/formats/missing";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import styles from "./MissingPanel.module.css";
import { NodeLinks } from "./NodeLinks";

/** Files, and other choices, that are not among the server's: where to get them, and what to take instead. */
export function MissingFiles({ choices }: { readonly choices: readonly MissingChoice[] }) {
  const { t } = useTranslation("app");
  return (
    <section>
      <h3>{t("missing.files", { count: choices.length })}</h3>
      <p>{t("missing.filesHint")}</p>
      {choices.map((choice) => (
        <MissingFile key={`${choice.type}/${choice.input}/${choice.value}`} choice={choice} />
      ))}
    </section>
  );
}

function MissingFile({ choice }: { readonly choice: MissingChoice }) {
  const { t } = useTranslation("app");
  const { value, type, input, download, similar } = choice;
  const there = useDefs(({ defs }) => defs.get(type)?.inputs.find(({ name }) => name === input)?.choices);
  const names = (there ?? []).filter((one): one is string => typeof one === "string");
  return (
    <div className={styles.card}>
      <h4>{value}</h4>
      <p>
        <code>{`${type}.${input}`}</code> <NodeLinks places={choice.nodes} />
      </p>
      {download !== null && (
        <p>
          <Anchor href={download.url} target="_blank" rel="noopener noreferrer" size="sm">
            {t("missing.download", { host: new URL(download.url).host })}
          </Anchor>{" "}
          {download.directory !== null && t("missing.into", { folder: `models/${download.directory}` })}
        </p>
      )}
      {similar !== null && (
        <Button size="compact-sm" variant="light" onClick={() => replace(choice, similar)}>
          {t("missing.use", { name: similar })}
        </Button>
      )}
      {names.length > 0 ? (
        <Select
          size="xs"
          searchable
          value={null}
          data={[...new Set(names)]}
          aria-label={t("missing.instead", { name: value })}
          placeholder={t("missing.insteadHint")}
          nothingFoundMessage={t("missing.noneFound")}
          onChange={(name) => {
            if (name !== null) replace(choice, name);
          }}
        />
      ) : (
        <p>{t("missing.noneThere")}</p>
      )}
    </div>
  );
}

/** In every node that lacks it, as one step. */
function replace({ nodes, input }: MissingChoice, name: string): void {
  const { defs } = useDefs.getState();
  perform("steps:replaceFile", (draft) => {
    for (const { graph, node } of nodes) setWidget(draft, defs, graph, node, input, name);
  });
}
