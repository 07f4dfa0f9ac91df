import { Loader } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useDefs } from "@/store/defs";
import styles from "./Waiting.module.css";

/** In place of the canvas until there is something to show. Words come only where one has to wait for long. */
export function Waiting() {
  const { t } = useTranslation("app");
  const isLoading = useDefs((defs) => defs.status === "loading");
  return (
    <div className={styles.waiting} role="status" data-testid="waiting">
      <Loader aria-label={t("loading")} />
      <div className={styles.words}>
        {isLoading && (
          <>
            <p>{t("waiting.classes")}</p>
            <p className={styles.hint}>{t("waiting.firstStart")}</p>
          </>
        )}
      </div>
    </div>
  );
}
