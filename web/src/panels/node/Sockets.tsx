import { useTranslation } from "react-i18next";
import { colourOf } from "@/canvas/model/colours";
import type { Defs, NodeDef } from "@/graph/defs";
import { givers, type Row, rangeOf, rows, said, startsAs, takers, tooltipOf } from "./facts";
import { NodeLink } from "./NodeLink";
import styles from "./NodePanel.module.css";

interface Props {
  readonly def: NodeDef;
  readonly defs: Defs;
}

/** What a node takes: types, bounds and choices, what it starts with, and where it may come from. */
export function Inputs({ def, defs }: Props) {
  const { t } = useTranslation("help");
  if (def.inputs.length === 0) return null;
  return (
    <section aria-label={t("inputs")}>
      <h4>{t("inputs")}</h4>
      <dl className={styles.sockets}>
        {rows(def.inputs).map((row) => (
          <Input key={row.label} row={row} from={givers(defs, def, row.input)} />
        ))}
      </dl>
    </section>
  );
}

function Input({ row: { label, input }, from }: { readonly row: Row; readonly from: readonly NodeDef[] }) {
  const { t } = useTranslation("help");
  const range = rangeOf(input);
  const start = startsAs(input);
  const tooltip = tooltipOf(input);
  return (
    <div>
      <dt>
        <Dot type={input.type} />
        <b>{label}</b>
        <span className={styles.type}>{input.type}</span>
        {input.optional && <i>{t("optional")}</i>}
      </dt>
      <dd>
        {tooltip !== "" && <p>{tooltip}</p>}
        {range !== null && (
          <p className={styles.fact}>
            {t("range", range)}
            {range.step !== null && `, ${t("step", range)}`}
          </p>
        )}
        {start !== null && (
          <p className={styles.fact}>
            {t("startsAs")} <code>{start}</code>
          </p>
        )}
        {input.choices.length > 0 && <Choices names={input.choices.map(said)} />}
        <Fitting label={t("from")} nodes={from} />
      </dd>
    </div>
  );
}

/** So many are read at a glance. */
const GLANCE = 8;

function Choices({ names }: { readonly names: readonly string[] }) {
  const { t } = useTranslation("help");
  const list = (
    <ul className={styles.choices} aria-label={t("choices", { count: names.length })}>
      {names.map((name) => (
        <li key={name}>
          <code>{name}</code>
        </li>
      ))}
    </ul>
  );
  if (names.length <= GLANCE) return list;
  return (
    <details className={styles.fact}>
      <summary>{t("choices", { count: names.length })}</summary>
      {list}
    </details>
  );
}

/** What a node gives, and who takes that. */
export function Outputs({ def, defs }: Props) {
  const { t } = useTranslation("help");
  if (def.outputs.length === 0) return null;
  return (
    <section aria-label={t("outputs")}>
      <h4>{t("outputs")}</h4>
      <dl className={styles.sockets}>
        {def.outputs.map((output, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: outputs are known by their place
          <div key={index}>
            <dt>
              <Dot type={output.type} />
              <b>{output.name}</b>
              <span className={styles.type}>{output.type}</span>
              {output.isList && <i>{t("list")}</i>}
            </dt>
            <dd>
              {output.tooltip !== null && <p>{output.tooltip}</p>}
              <Fitting label={t("to")} nodes={takers(defs, def, output)} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Fitting({ label, nodes }: { readonly label: string; readonly nodes: readonly NodeDef[] }) {
  if (nodes.length === 0) return null;
  return (
    <p className={styles.fact}>
      {label}{" "}
      {nodes.map(({ name, title }, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <NodeLink name={name}>{title}</NodeLink>
        </span>
      ))}
    </p>
  );
}

function Dot({ type }: { readonly type: string }) {
  return <span className={styles.dot} style={{ background: colourOf(type) }} aria-hidden />;
}
