import { CloseButton, Loader } from "@mantine/core";
import { type CSSProperties, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { type PanelId, showPanel, useShell } from "@/store/shell";
import { ErrorBoundary } from "./ErrorBoundary";
import { PanelEdge } from "./PanelEdge";
import { PANEL_CONTENTS } from "./panels";
import styles from "./SidePanel.module.css";

/** The panel that is open, beside the canvas. Escape closes it and gives the keyboard back to its button. */
export function SidePanel({ panel }: { readonly panel: PanelId }) {
  const { t } = useTranslation("app");
  const width = useShell((shell) => shell.width);
  const Content = PANEL_CONTENTS[panel];
  const title = t(`panel.${panel}`);
  return (
    <section
      className={styles.panel}
      style={panelWidth(width)}
      aria-label={title}
      data-testid={`panel-${panel}`}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.stopPropagation();
        close(panel);
      }}
    >
      <header className={styles.head}>
        <h2 className={styles.title}>{title}</h2>
        <CloseButton size="sm" aria-label={t("panel.close")} onClick={() => close(panel)} />
      </header>
      <div className={styles.content}>
        <ErrorBoundary key={panel} place="panel">
          <Suspense fallback={<Loader size="sm" m="md" aria-label={t("loading")} />}>
            <Content />
          </Suspense>
        </ErrorBoundary>
      </div>
      <PanelEdge />
    </section>
  );
}

/** React's types know no variables. */
function panelWidth(width: number): CSSProperties {
  const style: CSSProperties & { "--panel-width": string } = { "--panel-width": `${width}px` };
  return style;
}

function close(panel: PanelId): void {
  showPanel(null);
  document.querySelector<HTMLElement>(`[data-testid="panel-button-${panel}"]`)?.focus();
}
