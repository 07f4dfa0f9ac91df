import { Alert, Button, CloseButton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { later } from "@/api/parts";
import { hashOf, navigate } from "@/app/route";
import { useRoute } from "@/app/useRoute";
import { SavedList } from "./SavedList";
import { TemplateCard } from "./TemplateCard";
import styles from "./TemplatesPage.module.css";
import { loadLibrary, useLibrary } from "./useLibrary";

const LibraryList = later(() => import("@/panels/functions/LibraryList"), "LibraryList");

const TABS = ["templates", "library"] as const;

/** Over the canvas: workflows to start from, and the library of those that are kept. Escape leads back. */
export function TemplatesPage() {
  const { t } = useTranslation("app");
  const { templates, workflows, status } = useLibrary();
  const tab = useRoute().kind === "library" ? "library" : "templates";
  const [query, setQuery] = useState("");
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => search.current?.focus(), []);
  const has = (...texts: string[]) =>
    texts.some((text) => text.toLowerCase().includes(query.trim().toLowerCase()));
  const shown = templates.filter((one) => has(one.name, one.title, one.description));
  const saved = workflows.filter((one) => has(one.name));
  return (
    <section
      className={styles.page}
      aria-label={t(`${tab}.title`)}
      data-testid="templates-page"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        back();
      }}
    >
      <header className={styles.head}>
        <div>
          <h2>{t(`${tab}.title`)}</h2>
          <p>{t(`${tab}.hint`)}</p>
        </div>
        <nav className={styles.tabs} aria-label={t("library.places")}>
          {TABS.map((kind) => (
            <a key={kind} href={hashOf({ kind })} aria-current={kind === tab ? "page" : undefined}>
              {t(`${kind}.title`)}
            </a>
          ))}
        </nav>
        <TextInput
          ref={search}
          className={styles.search ?? ""}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          placeholder={t("templates.search")}
          aria-label={t("templates.search")}
          leftSection={<IconSearch size={16} aria-hidden />}
        />
        <CloseButton aria-label={t("templates.close")} onClick={back} />
      </header>
      {tab === "library" ? (
        <Suspense fallback={null}>
          <LibraryList query={query} />
        </Suspense>
      ) : (
        <>
          {status === "failed" && (
            <Alert color="red" mb="md">
              {t("templates.failed")}{" "}
              <Button size="compact-xs" variant="default" onClick={() => void loadLibrary()}>
                {t("templates.again")}
              </Button>
            </Alert>
          )}
          <ul className={styles.cards}>
            {shown.map((template) => (
              <TemplateCard key={template.name} template={template} />
            ))}
          </ul>
          {query !== "" && shown.length === 0 && saved.length === 0 && <p>{t("templates.none")}</p>}
          <SavedList workflows={saved} isSearch={query !== ""} />
        </>
      )}
    </section>
  );
}

function back(): void {
  navigate({ kind: "canvas" });
}
