import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { lanesOf } from "@/store/versions/lanes";
import { moreVersions, useTimeline } from "@/store/versions/timeline";
import type { VersionItem } from "@/store/versions/types";
import styles from "./Timeline.module.css";
import { useWindow } from "./useWindow";
import { ROW_HEIGHT, VersionRow } from "./VersionRow";

interface Props {
  readonly chosen: VersionItem | null;
  /** Id of the version the open workflow is based on. */
  readonly current: string | null;
  readonly label: string;
  readonly onChoose: (version: VersionItem, isSecond: boolean) => void;
  readonly onOpen: (version: VersionItem) => void;
}

/** Versions of ten thousand: only those in sight are drawn, and older ones asked for when they come near. */
export function Timeline({ chosen, current, label, onChoose, onOpen }: Props) {
  const { t } = useTranslation("versions");
  const { versions, hasMore, isLoading } = useTimeline();
  const lanes = useMemo(() => lanesOf(versions), [versions]);
  const columns = useMemo(() => lanes.reduce((most, { width }) => Math.max(most, width), 1), [lanes]);
  const box = useRef<HTMLDivElement>(null);
  const { from, to } = useWindow(box, ROW_HEIGHT, versions.length);
  useEffect(() => {
    if (to >= versions.length - 20 && hasMore) void moreVersions();
  }, [to, versions.length, hasMore]);
  const choose = useCallback(
    (version: VersionItem, event: MouseEvent) => {
      onChoose(version, event.shiftKey || event.ctrlKey || event.metaKey);
    },
    [onChoose],
  );
  const keys = (event: KeyboardEvent) => {
    const at = versions.findIndex(({ id }) => id === chosen?.id);
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1);
    const next = moved(event.key, at, page, versions.length);
    if (next === null) {
      if (event.key !== "Enter" || chosen === null) return;
      onOpen(chosen);
    } else {
      const version = versions[next];
      if (version !== undefined) onChoose(version, false);
      reveal(box.current, next);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={box} className={styles.box}>
      <div
        className={styles.list}
        role="listbox"
        aria-label={label}
        aria-activedescendant={chosen === null ? undefined : `version-${chosen.id}`}
        tabIndex={0}
        style={{ paddingTop: from * ROW_HEIGHT, paddingBottom: (versions.length - to) * ROW_HEIGHT }}
        onKeyDown={keys}
        data-testid="timeline"
      >
        {versions.slice(from, to).map((version, index) => {
          const lane = lanes[from + index];
          return (
            lane !== undefined && (
              <VersionRow
                key={version.id}
                version={version}
                lane={lane}
                columns={columns}
                isChosen={version.id === chosen?.id}
                isCurrent={version.id === current}
                position={from + index + 1}
                onChoose={choose}
                onOpen={onOpen}
              />
            )
          );
        })}
      </div>
      {isLoading && <p className={styles.loading}>{t("loading")}</p>}
    </div>
  );
}

function moved(key: string, at: number, page: number, count: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  return to === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, to));
}

function reveal(box: HTMLElement | null, row: number): void {
  if (box === null) return;
  const top = row * ROW_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + ROW_HEIGHT - box.clientHeight;
  }
}
