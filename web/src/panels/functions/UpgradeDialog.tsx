import { Alert, Button, Group, Loader, Modal, Select, Stack } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { NodeDef } from "@/graph/defs";
import { type Difference, diff } from "@/graph/diff";
import type { Document } from "@/graph/document";
import {
  changeClass,
  classOfRelease,
  compareReleases,
  type InterfaceChange,
  interfaceChanges,
  type Pinned,
  pinnedOf,
} from "@/graph/functions/upgrade";
import { DifferenceText } from "@/panels/versions/DifferenceText";
import { useDefs } from "@/store/defs";
import { perform, useEditor } from "@/store/editor";
import { loadClass, useUpgrade } from "@/store/functions/classes";
import { documentOf } from "@/store/versions/opening";
import { readWorkflow } from "@/store/versions/server";
import type { WorkflowRecord } from "@/store/versions/types";
import styles from "./UpgradeDialog.module.css";

/** Changing the release of a node that is a published workflow, once it is seen what that changes. */
export function UpgradeDialog() {
  const asked = useUpgrade((state) => state.asked);
  const type = useEditor((editor) =>
    asked === null ? "" : (editor.document.graphs.by[asked.graph]?.nodes.by[asked.node]?.type ?? ""),
  );
  const pinned = pinnedOf(type);
  if (asked === null || pinned === null) return null;
  return <Open key={`${asked.graph}/${asked.node}`} {...asked} pinned={pinned} />;
}

interface OpenProps {
  readonly graph: string;
  readonly node: string;
  readonly pinned: Pinned;
}

interface Seen {
  readonly before: NodeDef | null;
  readonly after: NodeDef;
  readonly changes: readonly InterfaceChange[];
  readonly differences: readonly Difference[];
  readonly document: Document;
}

function Open({ graph, node, pinned }: OpenProps) {
  const { t } = useTranslation("functions");
  const [workflow, setWorkflow] = useState<WorkflowRecord | null>(null);
  const [target, setTarget] = useState<string | null>(null);
  const [seen, setSeen] = useState<Seen | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const releases = useMemo(
    () =>
      (workflow?.releases ?? [])
        .filter((one) => one.number !== pinned.release)
        .toSorted((a, b) => compareReleases(b.number, a.number)),
    [workflow, pinned.release],
  );
  const fail = (error: unknown) => setFailure(error instanceof Error ? error.message : String(error));

  // biome-ignore lint/correctness/useExhaustiveDependencies: another node is another dialog
  useEffect(() => {
    readWorkflow(pinned.name).then((found) => {
      setWorkflow(found);
      const newest = found.releases
        .map((one) => one.number)
        .toSorted(compareReleases)
        .at(-1);
      if (newest !== undefined && newest !== pinned.release) setTarget(newest);
    }, fail);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the releases hold does not change
  useEffect(() => {
    if (workflow === null || target === null) return;
    let isGone = false;
    setSeen(null);
    look(workflow, pinned, target).then((found) => {
      if (isGone) return;
      setSeen(found);
      if (found === null) setFailure(t("upgrade.noFunction", { release: target }));
    }, fail);
    return () => {
      isGone = true;
    };
  }, [workflow, target]);

  const close = () => useUpgrade.setState({ asked: null });
  const upgrade = () => {
    if (seen === null) return;
    const { defs } = useDefs.getState();
    perform("steps:upgrade", (draft) =>
      changeClass(draft, defs, graph, node, seen.before ?? undefined, seen.after),
    );
    close();
  };
  const isOlder = target !== null && compareReleases(target, pinned.release) < 0;
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t("upgrade.title", { name: pinned.name, release: pinned.release })}
      closeButtonProps={{ "aria-label": t("release.close") }}
    >
      <Stack gap="md" data-testid="upgrade">
        {failure !== null && (
          <Alert color="red" role="alert">
            {failure}
          </Alert>
        )}
        {workflow !== null && releases.length === 0 && <p className={styles.calm}>{t("upgrade.none")}</p>}
        {releases.length > 0 && (
          <Select
            label={t("upgrade.to")}
            data={releases.map((one) => one.number)}
            value={target}
            allowDeselect={false}
            onChange={setTarget}
          />
        )}
        {target !== null && seen === null && failure === null && (
          <Loader size="sm" aria-label={t("form.loading")} />
        )}
        {seen !== null && (
          <Changes seen={seen} notes={releases.find((one) => one.number === target)?.notes ?? ""} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("upgrade.cancel")}
          </Button>
          <Button disabled={seen === null} onClick={upgrade} data-testid="upgrade-yes">
            {t(isOlder ? "upgrade.back" : "upgrade.yes", { release: target ?? "" })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Both releases as classes and as documents; null if the wanted one is no function. */
async function look(workflow: WorkflowRecord, pinned: Pinned, target: string): Promise<Seen | null> {
  const [before, after] = await Promise.all([
    loadClass(classOfRelease(pinned)),
    loadClass(classOfRelease({ name: pinned.name, release: target })),
  ]);
  const versionOf = (release: string) => workflow.releases.find((one) => one.number === release)?.version;
  const [from, to] = [versionOf(pinned.release), versionOf(target)];
  if (after === null || to === undefined) return null;
  const document = await documentOf(workflow.name, to);
  const old = from === undefined ? null : await documentOf(workflow.name, from);
  return {
    before,
    after,
    changes: before === null ? [] : interfaceChanges(before, after),
    differences: old === null ? [] : diff(old, document, useDefs.getState().defs).filter(isOfMeaning),
    document,
  };
}

function isOfMeaning({ kind }: Difference): boolean {
  return kind !== "moved" && !kind.startsWith("group");
}

/** More say that it is another workflow. */
const MOST = 40;

function Changes({ seen, notes }: { readonly seen: Seen; readonly notes: string }) {
  const { t } = useTranslation("functions");
  const { changes, differences, document } = seen;
  return (
    <>
      {notes !== "" && <p className={styles.notes}>{notes}</p>}
      <section aria-labelledby="upgrade-interface">
        <h3 id="upgrade-interface" className={styles.heading}>
          {t("upgrade.interface")}
        </h3>
        {changes.length === 0 ? (
          <p className={styles.calm}>
            {t(seen.before === null ? "upgrade.unknown" : "upgrade.sameInterface")}
          </p>
        ) : (
          <ul className={styles.changes} data-testid="upgrade-interface">
            {changes.map((change) => (
              <li key={`${change.side}/${change.kind}/${change.name}`} data-kind={change.kind}>
                {t(`upgrade.${change.side}.${change.kind}`, {
                  name: change.name,
                  before: change.before,
                  after: change.after,
                })}
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="upgrade-inside">
        <h3 id="upgrade-inside" className={styles.heading}>
          {t("upgrade.inside")}
        </h3>
        {differences.length === 0 ? (
          <p className={styles.calm}>{t("upgrade.sameInside")}</p>
        ) : (
          <ul className={styles.changes} data-testid="upgrade-inside">
            {differences.slice(0, MOST).map((one, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list is made anew as a whole
              <li key={index}>
                <DifferenceText difference={one} document={document} />
              </li>
            ))}
          </ul>
        )}
        {differences.length > MOST && (
          <p className={styles.calm}>{t("upgrade.more", { count: differences.length - MOST })}</p>
        )}
      </section>
    </>
  );
}
