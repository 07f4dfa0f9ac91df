import { useTranslation } from "react-i18next";
import { pinnedOf } from "@/graph/functions/upgrade";
import { enter } from "@/store/editor";
import { type NodeRun, type PinnedProblem, useRuns } from "@/store/runs";
import { beginRename, collapse, rename } from "../actions/nodes";
import type { NodeData } from "../items";
import { useCanvas } from "../state";
import { InlineText } from "./InlineText";
import { PlanBadge } from "./PlanBadge";
import { ProblemMark } from "./ProblemMark";
import { ReleaseBadge } from "./ReleaseBadge";
import { StateBadge } from "./StateBadge";
import styles from "./TitleBar.module.css";

interface Props {
  readonly data: NodeData;
  readonly run: NodeRun | undefined;
  readonly problems: readonly PinnedProblem[];
}

export function TitleBar({ data, run, problems }: Props) {
  const { t } = useTranslation("canvas");
  const { key, record, def, isHost, address } = data;
  // What the last run came to would read like what the next one will do.
  const isExplained = useRuns((runs) => runs.plan?.[address] !== undefined);
  const isOver = run?.state === "done" || run?.state === "cached";
  const isRenaming = useCanvas((state) => state.renaming === key);
  const title = record.title ?? def?.title ?? pinnedOf(record.type)?.name ?? record.type;
  const isCollapsed = record.flags["collapsed"] === true;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: renaming and entering have keys of their own
    <div
      className={styles.title}
      onDoubleClick={(event) => {
        event.stopPropagation();
        if (isHost) enter(key);
        else beginRename(key);
      }}
      title={def?.description || undefined}
    >
      <button
        type="button"
        className={`${styles.fold} nodrag`}
        tabIndex={-1}
        aria-label={t(isCollapsed ? "node.expand" : "node.collapse")}
        aria-expanded={!isCollapsed}
        onClick={() => collapse([key])}
        onDoubleClick={(event) => event.stopPropagation()}
      />
      {isRenaming ? (
        <InlineText
          label={t("node.rename")}
          value={title}
          onDone={(text) => {
            useCanvas.setState({ renaming: null });
            if (text !== null) rename(key, text === def?.title ? "" : text);
          }}
        />
      ) : (
        <span className={styles.text} data-title>
          {title}
        </span>
      )}
      {record.flags["pinned"] === true && (
        <span className={styles.pin} title={t("node.pinned")} role="img" aria-label={t("node.pinned")} />
      )}
      <ReleaseBadge data={data} />
      {def === undefined && <span className={styles.mark}>{t("node.missing")}</span>}
      <ProblemMark problems={problems.filter(({ isWarning }) => isWarning)} isWarning />
      <ProblemMark problems={problems.filter(({ isWarning }) => !isWarning)} />
      <PlanBadge address={address} />
      {!(isExplained && isOver) && <StateBadge run={run} />}
      {isHost && (
        <button
          type="button"
          className={`${styles.enter} nodrag`}
          tabIndex={-1}
          aria-label={t("node.enter")}
          title={t("node.enter")}
          onClick={() => enter(key)}
        />
      )}
      {run?.state === "running" && (
        <progress
          className={styles.progress}
          aria-label={t("state.running")}
          max={run.progress?.[1] ?? 1}
          {...(run.progress === null ? {} : { value: run.progress[0] })}
        />
      )}
    </div>
  );
}
