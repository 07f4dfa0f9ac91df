import { ActionIcon, CloseButton, Tooltip } from "@mantine/core";
import {
  IconArrowsMaximize,
  IconChevronLeft,
  IconChevronRight,
  IconClipboard,
  IconColumns2,
  IconDownload,
  IconFileImport,
  IconInfoCircle,
  IconLayoutSidebar,
  IconNumber100Small,
  IconPhotoShare,
  IconZoomIn,
  IconZoomOut,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { openRun } from "@/store/files";
import { closeViewer, step, toggleCompare, useViewer, type Viewed } from "@/store/viewer";
import { told } from "../run/told";
import { canCopy, copyPicture, download, sendToLoadImage } from "./actions";
import { mediaOf } from "./media";
import styles from "./Viewer.module.css";

interface Props {
  readonly item: Viewed;
  readonly size: readonly [number, number];
  readonly onFit: () => void;
  readonly onActual: () => void;
  readonly onZoom: (factor: number) => void;
}

/** What can be done with the picture that is looked at. */
export function ViewerBar({ item, size, onFit, onActual, onZoom }: Props) {
  const { t } = useTranslation("run");
  const { items, index, other, layout, showsFacts } = useViewer();
  const { file, job } = item;
  const isPicture = mediaOf(file.filename) === "image";
  const open = async (id: string) => {
    await openRun(id);
    closeViewer();
  };
  const send = async () => {
    await sendToLoadImage(file);
    closeViewer();
  };
  return (
    <header className={styles.bar}>
      <Tool label={t("viewer.before")} off={items.length < 2} onClick={() => step(-1)}>
        <IconChevronLeft size={18} />
      </Tool>
      <span className={styles.count}>
        {t("viewer.place", { place: (other ?? index) + 1, all: items.length })}
      </span>
      <Tool label={t("viewer.after")} off={items.length < 2} onClick={() => step(1)}>
        <IconChevronRight size={18} />
      </Tool>
      <span className={styles.name}>
        {file.filename}
        {isPicture && size[0] > 0 && <small>{` ${size[0]} × ${size[1]}`}</small>}
      </span>
      <Tool label={t("viewer.smaller")} onClick={() => onZoom(0.8)}>
        <IconZoomOut size={18} />
      </Tool>
      <Tool label={t("viewer.larger")} onClick={() => onZoom(1.25)}>
        <IconZoomIn size={18} />
      </Tool>
      <Tool label={t("viewer.fit")} onClick={onFit}>
        <IconArrowsMaximize size={18} />
      </Tool>
      <Tool label={t("viewer.actual")} onClick={onActual}>
        <IconNumber100Small size={18} />
      </Tool>
      <Tool label={t("viewer.compare")} on={other !== null} off={items.length < 2} onClick={toggleCompare}>
        <IconColumns2 size={18} />
      </Tool>
      {other !== null && (
        <Tool
          label={t("viewer.side")}
          on={layout === "side"}
          onClick={() => useViewer.setState({ layout: layout === "side" ? "slider" : "side" })}
        >
          <IconLayoutSidebar size={18} />
        </Tool>
      )}
      <Tool label={t("viewer.download")} onClick={() => download(file)}>
        <IconDownload size={18} />
      </Tool>
      <Tool
        label={canCopy() ? t("viewer.copy") : t("viewer.cannotCopy")}
        off={!isPicture || !canCopy()}
        onClick={() => told(copyPicture(file))}
      >
        <IconClipboard size={18} />
      </Tool>
      <Tool label={t("viewer.send")} off={!isPicture} onClick={() => told(send())}>
        <IconPhotoShare size={18} />
      </Tool>
      <Tool label={t("viewer.open")} off={job === null} onClick={() => job !== null && told(open(job))}>
        <IconFileImport size={18} />
      </Tool>
      <Tool
        label={t("viewer.facts")}
        on={showsFacts}
        onClick={() => useViewer.setState({ showsFacts: !showsFacts })}
      >
        <IconInfoCircle size={18} />
      </Tool>
      <CloseButton data-autofocus aria-label={t("viewer.close")} onClick={closeViewer} />
    </header>
  );
}

interface ToolProps {
  readonly label: string;
  readonly on?: boolean;
  readonly off?: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

function Tool({ label, on, off = false, onClick, children }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant={on ? "light" : "subtle"}
        color={on ? "safelight" : "gray"}
        size={32}
        disabled={off}
        aria-label={label}
        {...(on === undefined ? {} : { "aria-pressed": on })}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
