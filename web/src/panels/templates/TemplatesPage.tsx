import { Alert, Button, CloseButton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "@/app/route";
import { SavedList } from "./SavedList";
import { TemplateCard } from "./TemplateCard";
import styles from "./TemplatesPage.module.css";
import { loadLibrary, useLibrary } from "./useLibrary";

/** Over the canvas: workflows to start from, and those that were saved. Escape leads back. */
export function TemplatesPage() {
  const { t } = useTranslation("app");
  const { templates, workflows, status } = useLibrary();
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
      aria-label={t("templates.title")}
      data-testid="templates-page"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        back();
      }}
    >
      <header className={styles.head}>
        <div>
          <h2>{t("templates.title")}</h2>
          <p>{t("templates.hint")}</p>
        </div>
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
    </section>
  );
}

function back(): void {
  navigate({ kind: "canvas" });
}
