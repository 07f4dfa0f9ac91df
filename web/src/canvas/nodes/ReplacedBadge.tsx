import { useTranslation } from "react-i18next";
import styles from "./ReplacedBadge.module.css";

/** Upon a picture that stands in the place of one the server does not let out. Its parent is positioned. */
export function ReplacedBadge() {
  const { t } = useTranslation("run");
  return (
    <span className={styles.badge} title={t("replaced.why")} data-testid="replaced">
      {t("replaced.badge")}
    </span>
  );
}
