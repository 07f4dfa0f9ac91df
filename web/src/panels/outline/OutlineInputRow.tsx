import { useId, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Document, GraphId } from "@/graph/document";
import type { OutlineInput, OutlineNode } from "@/graph/outline";
import { useDefs } from "@/store/defs";
import styles from "./OutlineInputRow.module.css";
import { OutlineValue } from "./OutlineValue";
import { chooseSource, NO_SOURCE, sourcesFor, sourceValue } from "./sources";

interface Props {
  readonly node: OutlineNode;
  readonly input: OutlineInput;
  readonly document: Document;
  readonly graph: GraphId;
}

/** An input: where it comes from, chosen among all outputs it accepts, and its own value where it has one. */
export function OutlineInputRow({ node, input, document, graph }: Props) {
  const { t } = useTranslation("app");
  const label = useId();
  const defs = useDefs((state) => state.defs);
  const to = { node: node.node, input: input.name };
  const choices = useMemo(
    () => sourcesFor(document, defs, graph, { node: node.node, input: input.name }),
    [document, defs, graph, node.node, input.name],
  );
  const chosen = sourceOf(input, document, graph);
  const isThere = chosen === NO_SOURCE || choices.some((choice) => choice.value === chosen);
  // A value that nothing in the graph could replace needs no list.
  const hasSources = !input.isWidget || input.from !== null || choices.length > 0;
  return (
    <div className={styles.row}>
      <span id={label} className={styles.label}>
        {input.label}
        <small>{input.type}</small>
      </span>
      <span className={styles.controls}>
        {input.isWidget && input.from === null && (
          <OutlineValue node={node.node} name={input.name} value={input.value} labelledBy={label} />
        )}
        {hasSources && (
          <select
            className={styles.source}
            aria-label={t("outline.source", { input: input.label })}
            data-testid={`outline-source-${node.node}-${input.name}`}
            data-wrong={(input.isRequired && input.from === null) || undefined}
            value={chosen}
            onChange={(event) => chooseSource(to, event.currentTarget.value)}
          >
            <option value={NO_SOURCE}>
              {input.isWidget
                ? t("outline.ownValue")
                : input.isRequired
                  ? t("outline.required")
                  : t("outline.none")}
            </option>
            {!isThere && input.from !== null && (
              <option value={chosen}>{`${input.from.title} · ${input.from.socket}`}</option>
            )}
            {choices.map((choice) => (
              <option key={choice.value} value={choice.value}>{`${choice.title} · ${choice.socket}`}</option>
            ))}
          </select>
        )}
      </span>
    </div>
  );
}

function sourceOf(input: OutlineInput, document: Document, graph: GraphId): string {
  if (input.from === null) return NO_SOURCE;
  const link = document.graphs.by[graph]?.links.by[String(input.from.link)];
  return link === undefined ? NO_SOURCE : sourceValue({ node: link.from, slot: link.fromSlot });
}
