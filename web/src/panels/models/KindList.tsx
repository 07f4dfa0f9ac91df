import { useTranslation } from "react-i18next";
import { ModelItem } from "./ModelItem";
import styles from "./Models.module.css";
import type { Kind } from "./modelFiles";

/** The files of one kind, foldable. */
export function KindList({ kind }: { readonly kind: Kind }) {
  const { t } = useTranslation("run");
  return (
    <details className={styles.kind} open>
      <summary title={kind.folders.join("\n")}>
        {t(`models.kind.${kind.name}`, { defaultValue: kind.name })}{" "}
        <span className={styles.count}>{kind.files.length}</span>
      </summary>
      <ul className={styles.list}>
        {kind.files.map((file) => (
          <ModelItem key={`${file.pathIndex} ${file.name}`} kind={kind.name} file={file} />
        ))}
      </ul>
    </details>
  );
}
