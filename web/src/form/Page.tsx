import { useTranslation } from "react-i18next";
import { Connection } from "@/app/Connection";
import { ErrorBoundary } from "@/app/ErrorBoundary";
import { Logo } from "@/app/Logo";
import { hashOf } from "@/app/route";
import { useRoute } from "@/app/useRoute";
import { FormPage } from "./FormPage";
import styles from "./Page.module.css";
import { SweepPage } from "./SweepPage";

/** What is shown without the canvas: the form of a published workflow, or a sweep of its runs. */
export function Page() {
  const { t } = useTranslation("functions");
  const route = useRoute();
  return (
    <div className={styles.page}>
      <header className={styles.bar}>
        <a className={styles.home} href={hashOf({ kind: "library" })} title={t("page.library")}>
          <Logo />
          <span>Darkroom</span>
        </a>
        <nav aria-label={t("page.places")}>
          <a href={hashOf({ kind: "library" })}>{t("page.library")}</a>
          <a href={hashOf({ kind: "canvas" })}>{t("page.canvas")}</a>
        </nav>
        <Connection />
      </header>
      <main className={styles.main}>
        <ErrorBoundary key={window.location.hash.split("?")[0]} place="panel">
          {route.kind === "form" && (
            <FormPage key={route.reference} reference={route.reference} query={route.query} />
          )}
          {route.kind === "sweep" && <SweepPage key={route.id} id={route.id} />}
        </ErrorBoundary>
      </main>
    </div>
  );
}
