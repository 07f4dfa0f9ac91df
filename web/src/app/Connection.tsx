import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useRuns } from "@/store/runs";
import styles from "./Connection.module.css";

/** Whether the server hears us. Lost, it says that work goes on. */
export function Connection() {
  const { t } = useTranslation("app");
  const connection = useRuns((runs) => runs.connection);
  return (
    <Tooltip label={t(`connection.${connection}Hint`)} multiline maw={280}>
      <span className={styles.state} data-connection={connection} role="status">
        <i aria-hidden />
        <span className={styles.word}>{t(`connection.${connection}`)}</span>
      </span>
    </Tooltip>
  );
}
