import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { PANEL_WIDTH, setPanelWidth, useShell } from "@/store/shell";
import styles from "./PanelEdge.module.css";

const STEP = 24;

/** The edge between panel and canvas: dragged, or moved by arrow keys; a double click puts it back. */
export function PanelEdge() {
  const { t } = useTranslation("app");
  const width = useShell((shell) => shell.width);
  const grabbed = useRef<{ readonly x: number; readonly width: number } | null>(null);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule between paragraphs cannot be moved, a separator can
    <div
      className={styles.edge}
      role="separator"
      aria-orientation="vertical"
      aria-label={t("panel.width")}
      aria-valuemin={PANEL_WIDTH.min}
      aria-valuemax={PANEL_WIDTH.max}
      aria-valuenow={width}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        grabbed.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (grabbed.current !== null)
          setPanelWidth(grabbed.current.width + event.clientX - grabbed.current.x);
      }}
      onLostPointerCapture={() => {
        grabbed.current = null;
      }}
      onDoubleClick={() => setPanelWidth(PANEL_WIDTH.initial)}
      onKeyDown={(event) => {
        const target = { ArrowLeft: width - STEP, ArrowRight: width + STEP, Home: 0, End: PANEL_WIDTH.max }[
          event.key
        ];
        if (target === undefined) return;
        event.preventDefault();
        setPanelWidth(target);
      }}
    />
  );
}
