import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Document, GraphId, NodeKey } from "@/graph/document";
import type { OutlineEnd, OutlineNode, OutlineOutput } from "@/graph/outline";
import { addressOf } from "@/store/address";
import { enter } from "@/store/editor";
import { useProblemsOf } from "@/store/runs";
import styles from "./OutlineDetails.module.css";
import { OutlineInputRow } from "./OutlineInputRow";

interface Props {
  readonly node: OutlineNode;
  readonly document: Document;
  readonly graph: GraphId;
}

/** What a node takes, is set to and gives. */
export function OutlineDetails({ node, document, graph }: Props) {
  const { t } = useTranslation("app");
  const problems = useProblemsOf(addressOf(node.node));
  return (
    <div className={styles.details}>
      {node.groups.length > 0 && <p>{t("outline.groups", { groups: node.groups.join(", ") })}</p>}
      {node.note !== null && <p className={styles.note}>{node.note}</p>}
      {problems.map((problem) => (
        <p key={`${problem.code}/${problem.input}/${problem.details}`} className={styles.problem}>
          {[problem.input, problem.message, problem.details].filter(Boolean).join(": ")}
        </p>
      ))}
      {node.isSubgraph && (
        <Button size="compact-xs" variant="default" onClick={() => enter(node.node)}>
          {t("outline.enter")}
        </Button>
      )}
      {node.inputs.map((input) => (
        <OutlineInputRow key={input.name} node={node} input={input} document={document} graph={graph} />
      ))}
      {node.outputs.length > 0 && (
        <ul className={styles.outputs} aria-label={t("outline.outputs")}>
          {node.outputs.map((output) => (
            <Output key={output.index} output={output} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Output({ output }: { readonly output: OutlineOutput }) {
  const { t } = useTranslation("app");
  return (
    <li>
      <b>{output.label}</b>
      {output.to.length === 0 ? <span>{t("outline.goesNowhere")}</span> : <span>{t("outline.goesTo")}</span>}
      {output.to.map((end) => (
        <button key={end.link} type="button" className={styles.target} onClick={() => goTo(end.node)}>
          {nameOf(end)}
        </button>
      ))}
    </li>
  );
}

function nameOf(end: OutlineEnd): string {
  return `${end.title} · ${end.socket}`;
}

function goTo(node: NodeKey): void {
  document.querySelector<HTMLElement>(`[data-outline-node="${CSS.escape(node)}"]`)?.focus();
}
