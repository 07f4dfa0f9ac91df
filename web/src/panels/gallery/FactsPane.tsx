import { ActionIcon, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { isObject } from "@/graph/json";
import type { Viewed } from "@/store/viewer";
import { duration, moment } from "../run/format";
import { differences, factsOf } from "./facts";
import { type JobDetail, jobDetail } from "./jobDetail";
import styles from "./Viewer.module.css";

interface Props {
  readonly item: Viewed;
  /** The picture it is compared with. */
  readonly other: Viewed | null;
}

/** What made the picture; of two pictures, what they differ in. */
export function FactsPane({ item, other }: Props) {
  const { t } = useTranslation("run");
  const detail = useDetail(item.job);
  const second = useDetail(other?.job ?? null);
  if (detail === null) return <aside className={styles.facts}>{t("viewer.noFacts")}</aside>;
  const changed = second === null ? null : differences(detail.prompt, second.prompt);
  return (
    <aside className={styles.facts} aria-label={t("viewer.facts")}>
      {changed !== null && (
        <>
          <h3>{t("viewer.differences")}</h3>
          {changed.length === 0 && <p>{t("history.same")}</p>}
          {changed.map((one) => (
            <Fact key={`${one.node} ${one.input}`} name={`${one.title} · ${one.input}`} value={one.before}>
              <ins>{one.after}</ins>
            </Fact>
          ))}
        </>
      )}
      <h3>{detail.name ?? t("queue.unnamed")}</h3>
      {item.file.replaced && <p role="note">{t("replaced.why")}</p>}
      {[...factsOf(detail.prompt, item.node)].map(([name, value]) => (
        <Fact key={name} name={t(`viewer.fact.${name}`)} value={value} />
      ))}
      {detail.ended !== null && <Fact name={t("viewer.fact.made")} value={moment(detail.ended)} />}
      {detail.seconds !== null && <Fact name={t("viewer.fact.took")} value={duration(detail.seconds)} />}
      <Times detail={detail} />
    </aside>
  );
}

function Fact(props: { readonly name: string; readonly value: string; readonly children?: React.ReactNode }) {
  const { t } = useTranslation("run");
  return (
    <div className={styles.fact}>
      <div className={styles.factName}>
        {props.name}
        <CopyButton value={props.value}>
          {({ copied, copy }) => (
            <ActionIcon
              variant="transparent"
              color="gray"
              size="xs"
              aria-label={t("viewer.copyFact", { name: props.name })}
              onClick={copy}
            >
              {copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
            </ActionIcon>
          )}
        </CopyButton>
      </div>
      <div className={styles.factValue}>{props.value}</div>
      {props.children}
    </div>
  );
}

/** The nodes that ran, slowest first. */
function Times({ detail }: { readonly detail: JobDetail }) {
  const { t } = useTranslation("run");
  const ran = Object.entries(detail.nodes)
    .flatMap(([id, usage]) => {
      const seconds = isObject(usage) && usage["source"] === "run" ? usage["seconds"] : null;
      return typeof seconds === "number" ? [{ id, seconds }] : [];
    })
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 8);
  if (ran.length === 0) return null;
  return (
    <>
      <h3>{t("viewer.times")}</h3>
      <ul className={styles.times}>
        {ran.map(({ id, seconds }) => (
          <li key={id}>
            <span>{titleOf(detail, id)}</span>
            <span>{duration(seconds)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function titleOf({ prompt }: JobDetail, id: string): string {
  const node = prompt[id];
  if (!isObject(node)) return `#${id}`;
  const title = isObject(node["_meta"]) ? node["_meta"]["title"] : null;
  return typeof title === "string" ? title : String(node["class_type"] ?? id);
}

function useDetail(job: string | null): JobDetail | null {
  const [detail, setDetail] = useState<JobDetail | null>(null);
  useEffect(() => {
    let isStale = false;
    if (job === null) setDetail(null);
    else void jobDetail(job).then((found) => !isStale && setDetail(found));
    return () => {
      isStale = true;
    };
  }, [job]);
  return detail?.id === job ? detail : null;
}
