import { Button, CloseButton, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { titleOf } from "@/graph/connect";
import { diff } from "@/graph/diff";
import type { GraphId, NodeKey } from "@/graph/document";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import {
  commitMerge,
  endMerge,
  type Merging,
  mergeMessage,
  resolveRest,
  useMerge,
} from "@/store/versions/merge";
import { ConflictCard } from "./ConflictCard";
import { graphIdOf } from "./conflicts";
import { DifferenceText } from "./DifferenceText";
import { keepKeys } from "./keepKeys";
import { Panes } from "./Panes";
import styles from "./Stage.module.css";
import { sideLabel } from "./sideLabel";

/** Two versions brought together: the conflicts to decide, and what comes of it, before anything is kept. */
export function MergeStage() {
  const merging = useMerge((state) => state.merging);
  const isOpen = useEditor((editor) => editor.docId === merging?.docId);
  // Another workflow is shown: this was about the one before.
  useEffect(() => {
    if (merging !== null && !isOpen) endMerge();
  }, [merging, isOpen]);
  return merging === null || !isOpen ? null : <Stage merging={merging} />;
}

function Stage({ merging }: { readonly merging: Merging }) {
  const { t } = useTranslation("versions");
  const defs = useDefs((state) => state.defs);
  const { answer, before, conflicts, document, into, isBusy, ours, theirs, resolutions } = merging;
  const [message, setMessage] = useState(() => mergeMessage(merging));
  const [lit, setLit] = useState<{ graph: GraphId; node: NodeKey } | null>(null);
  const differences = useMemo(() => diff(before, document, defs), [before, document, defs]);
  const open = answer.conflicts.length;
  const marked = useMemo(
    () =>
      answer.conflicts.flatMap(({ graph, node }) =>
        node == null ? [] : [{ graph: graphIdOf(graph), node }],
      ),
    [answer],
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void commitMerge(message.trim());
  };
  return (
    <section
      className={styles.stage}
      aria-label={t("merge.label")}
      data-testid="merge-stage"
      onKeyDown={(event) => {
        keepKeys(event, false);
        if (event.key === "Escape" && !event.defaultPrevented) endMerge();
      }}
    >
      <header className={styles.bar}>
        <h2 className={styles.title}>{mergeMessage(merging)}</h2>
        <div className={styles.tools}>
          <span className={styles.count} role="status">
            {open > 0 ? t("merge.open", { count: open }) : t("merge.clean", { branch: into.branch })}
          </span>
        </div>
        <CloseButton aria-label={t("compareView.close")} onClick={endMerge} />
      </header>
      <div className={styles.body} data-merge>
        <Panes
          documents={[before, document]}
          labels={[sideLabel(ours, t), t("merge.label")]}
          differences={differences}
          isBoth={false}
          lit={lit}
          conflicts={marked}
        />
        <aside className={styles.list} aria-label={t("merge.label")} data-merge>
          {conflicts.length > 0 && (
            <>
              <p className={styles.none}>{t("merge.conflicts", { count: conflicts.length })}</p>
              {open > 1 && (
                <div className={styles.buttons}>
                  <Button size="compact-xs" variant="default" onClick={() => void resolveRest("ours")}>
                    {t("merge.allOurs")}
                  </Button>
                  <Button size="compact-xs" variant="default" onClick={() => void resolveRest("theirs")}>
                    {t("merge.allTheirs")}
                  </Button>
                </div>
              )}
              <ul data-testid="conflicts">
                {conflicts.map((conflict) => (
                  <ConflictCard
                    key={conflict.id}
                    conflict={conflict}
                    resolution={resolutions[conflict.id] ?? null}
                    ours={ours}
                    theirs={theirs}
                    titleOf={(node) => titleOf(document, defs, graphIdOf(conflict.graph), node)}
                    onShow={() => {
                      const { node, graph } = conflict;
                      if (node != null) setLit({ graph: graphIdOf(graph), node });
                    }}
                  />
                ))}
              </ul>
            </>
          )}
          <h3>{t("merge.changes")}</h3>
          {differences.length === 0 && <p className={styles.none}>{t("differences.none")}</p>}
          <ul className={styles.plain}>
            {differences.slice(0, 200).map((one, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list is made anew as a whole
              <li key={index}>
                <DifferenceText difference={one} document={document} />
              </li>
            ))}
          </ul>
          <form className={styles.commit} onSubmit={submit}>
            <TextInput
              size="xs"
              label={t("merge.messageLabel")}
              value={message}
              onChange={(event) => setMessage(event.currentTarget.value)}
            />
            <Button
              type="submit"
              mt="xs"
              fullWidth
              loading={isBusy}
              disabled={!answer.clean}
              data-testid="commit-merge"
            >
              {t("merge.commit")}
            </Button>
          </form>
        </aside>
      </div>
    </section>
  );
}
