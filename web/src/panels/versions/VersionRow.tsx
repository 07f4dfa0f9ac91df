import { IconPhoto } from "@tabler/icons-react";
import { type MouseEvent, memo } from "react";
import { useTranslation } from "react-i18next";
import { serverUrl } from "@/api/client";
import { Ago } from "@/panels/workflows/Ago";
import type { Lane } from "@/store/versions/lanes";
import type { VersionItem } from "@/store/versions/types";
import { LaneDrawing } from "./LaneDrawing";
import { Names } from "./Names";
import styles from "./Timeline.module.css";

export const ROW_HEIGHT = 64;

interface Props {
  readonly version: VersionItem;
  readonly lane: Lane;
  readonly columns: number;
  readonly isChosen: boolean;
  /** Whether the open workflow is based on it. */
  readonly isCurrent: boolean;
  readonly position: number;
  readonly onChoose: (version: VersionItem, event: MouseEvent) => void;
  readonly onOpen: (version: VersionItem) => void;
}

/** One version in the timeline. */
export const VersionRow = memo(function VersionRow(props: Props) {
  const { version, lane, columns, isChosen, isCurrent, position, onChoose, onOpen } = props;
  const { t } = useTranslation("versions");
  const { id, number, message, author, created, thumbnail } = version;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the keyboard
    <div
      role="option"
      id={`version-${id}`}
      className={styles.row}
      style={{ height: ROW_HEIGHT }}
      aria-selected={isChosen}
      aria-posinset={position}
      aria-setsize={-1}
      data-testid={`version-${number}`}
      data-current={isCurrent || undefined}
      onClick={(event) => onChoose(version, event)}
      onDoubleClick={() => onOpen(version)}
    >
      <LaneDrawing lane={lane} columns={columns} height={ROW_HEIGHT} isCurrent={isCurrent} />
      <span className={styles.picture}>
        {thumbnail === null ? (
          <IconPhoto size={18} stroke={1.2} aria-hidden />
        ) : (
          <img src={pictureUrl(thumbnail)} alt="" loading="lazy" decoding="async" />
        )}
      </span>
      <span className={styles.main}>
        <span className={styles.message}>{message.split("\n", 1)[0] || t("untitled")}</span>
        <span className={styles.detail}>
          {isCurrent && <strong>{t("here")} · </strong>}
          {t("by", { number, author })} · <Ago at={created} />
        </span>
        <Names version={version} />
      </span>
    </div>
  );
});

/** The server names a path; the page may lie below a folder of a proxy. */
export function pictureUrl(path: string): string {
  return `${serverUrl()}/${path.replace(/^\//, "")}`;
}
