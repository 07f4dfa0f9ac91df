import { ActionIcon, Button, Loader } from "@mantine/core";
import { IconArrowLeft, IconPlus } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { serverUrl } from "@/api/client";
import { addFromPalette } from "@/canvas/actions/palette";
import type { Defs, NodeDef } from "@/graph/defs";
import { readBack, useNodeHelp } from "@/store/nodeHelp";
import { Example } from "./Example";
import { siblings } from "./facts";
import { Markdown } from "./Markdown";
import { NodeLink } from "./NodeLink";
import styles from "./NodePanel.module.css";
import { PackPage } from "./PackPage";
import { Inputs, Outputs } from "./Sockets";
import { type Help, useHelp } from "./useHelp";

interface Props {
  readonly def: NodeDef;
  readonly defs: Defs;
}

/** All there is to read of a node: the page its pack wrote, or one made of its definition and its example. */
export function NodePage({ def, defs }: Props) {
  const { t, i18n } = useTranslation("help");
  const help = useHelp(defs, def.name, i18n.language);
  return (
    <article className={styles.page} aria-label={def.title} aria-busy={help === undefined}>
      <Head def={def} />
      {help === undefined ? (
        <Loader size="sm" aria-label={t("app:loading")} />
      ) : (
        <Body def={def} defs={defs} help={help} />
      )}
    </article>
  );
}

function Head({ def }: { readonly def: NodeDef }) {
  const { t } = useTranslation("help");
  const canGoBack = useNodeHelp(({ trail }) => trail.length > 1);
  const isGoing = useNodeHelp((state) => state.isGoing);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isGoing) return;
    title.current?.focus();
    useNodeHelp.setState({ isGoing: false });
  }, [isGoing]);
  const pack = /^custom_nodes\.(.+)$/.exec(def.module)?.[1];
  // A subgraph's class is a number nobody has ever seen.
  const isOwn = def.module === "" && def.category === "";
  const facts = [
    isOwn ? t("subgraph") : def.category,
    pack === undefined ? "" : t("pack", { pack }),
    def.deprecated ? t("deprecated") : "",
    def.experimental ? t("experimental") : "",
  ].filter(Boolean);
  return (
    <header className={styles.head}>
      <div className={styles.titles}>
        {canGoBack && (
          <ActionIcon variant="subtle" size={26} aria-label={t("back")} onClick={readBack}>
            <IconArrowLeft size={16} aria-hidden />
          </ActionIcon>
        )}
        <h3 ref={title} tabIndex={-1}>
          {def.title}
        </h3>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconPlus size={12} aria-hidden />}
          onClick={() => addFromPalette({ def, score: 0, socket: null }, { at: null, fits: null })}
        >
          {t("add")}
        </Button>
      </div>
      <p className={styles.facts}>
        {!isOwn && <code>{def.name}</code>}
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </p>
    </header>
  );
}

function Body({ def, defs, help }: Props & { readonly help: Help | null }) {
  const { t } = useTranslation("help");
  const isNode = (name: string) => defs.has(name);
  const related = siblings(defs, def);
  const sockets = (
    <>
      <Inputs def={def} defs={defs} />
      <Outputs def={def} defs={defs} />
    </>
  );
  return (
    <>
      {help?.page ? (
        <>
          <PackPage key={help.page} path={help.page} isNode={isNode} instead={def.description} />
          <details className={styles.definition}>
            <summary>{t("definition")}</summary>
            {sockets}
          </details>
        </>
      ) : (
        <>
          {def.description === "" ? (
            <p className={styles.fact}>{t("noDescription")}</p>
          ) : (
            <Markdown text={def.description} page={`${serverUrl()}/`} isNode={isNode} />
          )}
          {help?.example && <Example title={def.title} example={help.example} />}
          {sockets}
          {help?.lane && <p className={styles.fact}>{t(`lane.${help.lane}`)}</p>}
        </>
      )}
      {related.length > 0 && (
        <section aria-label={t("related")}>
          <h4>{t("related")}</h4>
          <ul className={styles.related}>
            {related.map(({ name, title }) => (
              <li key={name}>
                <NodeLink name={name}>{title}</NodeLink>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
