import { Suspense, use } from "react";
import { useTranslation } from "react-i18next";
import { later } from "@/api/parts";
import { Canvas } from "@/canvas/Canvas";
import { FileHost } from "@/panels/workflows/FileHost";
import { KeptBanner } from "@/panels/workflows/KeptBanner";
import { useShell } from "@/store/shell";
import { useVersionStage } from "@/store/versions/stage";
import { Announcer } from "./Announcer";
import { Breadcrumb } from "./Breadcrumb";
import { Dialogs } from "./Dialogs";
import { ErrorBoundary } from "./ErrorBoundary";
import styles from "./Layout.module.css";
import { NodesBanner } from "./NodesBanner";
import { TemplatesPage } from "./panels";
import { Rail } from "./Rail";
import { SidePanel } from "./SidePanel";
import { StatusLine } from "./StatusLine";
import { TopBar } from "./TopBar";
import { useKeyboard } from "./useKeyboard";
import { useRoute } from "./useRoute";
import { Waiting } from "./Waiting";

const VersionStage = later(() => import("@/panels/versions/VersionStage"), "VersionStage");

/** The page: bar on top, panels at the side, the canvas with what is left. */
export function Layout({ started }: { readonly started: Promise<void> }) {
  const { t } = useTranslation("app");
  const route = useRoute();
  const panel = useShell((shell) => shell.panel);
  useKeyboard();
  return (
    <div className={styles.page}>
      <button type="button" className={styles.skip} onClick={toCanvas}>
        {t("skip")}
      </button>
      <TopBar />
      <div className={styles.body}>
        <Rail />
        {panel !== null && <SidePanel panel={panel} />}
        <main id="canvas" className={styles.main} tabIndex={-1} aria-label={t("canvas")}>
          <ErrorBoundary place="canvas">
            <Suspense fallback={<Waiting />}>
              <Workspace started={started} />
            </Suspense>
          </ErrorBoundary>
          {(route.kind === "templates" || route.kind === "library") && (
            <ErrorBoundary place="panel">
              <Suspense fallback={null}>
                <TemplatesPage />
              </Suspense>
            </ErrorBoundary>
          )}
        </main>
      </div>
      <StatusLine />
      <Dialogs />
      <FileHost />
      <Announcer />
    </div>
  );
}

function Workspace({ started }: { readonly started: Promise<void> }) {
  use(started);
  const hasStage = useVersionStage(({ stage }) => stage !== null);
  return (
    <>
      <NodesBanner />
      <KeptBanner />
      <div className={styles.stage}>
        <Canvas />
        <Breadcrumb />
        <Suspense fallback={null}>{hasStage && <VersionStage />}</Suspense>
      </div>
    </>
  );
}

/** A link would do, were the hash of the address not taken: it says which workflow is open. */
function toCanvas() {
  document.getElementById("canvas")?.focus();
}
