import { useTranslation } from "react-i18next";
import type { NodeRecord } from "@/graph/document";
import { isObject, type Json } from "@/graph/json";
import styles from "./UnknownValues.module.css";

/** The values of a node whose class this server lacks: kept as they are, and there to be read. */
export function UnknownValues({ record }: { readonly record: NodeRecord }) {
  const { t } = useTranslation("canvas");
  const values: (readonly [string, Json])[] = isObject(record.values)
    ? Object.entries(record.values)
    : (Array.isArray(record.values) ? record.values : []).map(
        (value, index) => [String(index + 1), value] as const,
      );
  if (values.length === 0) return null;
  return (
    <dl className={`${styles.values} nodrag nowheel`} aria-label={t("node.values")}>
      {values.map(([name, value]) => (
        <div key={name} className={styles.row}>
          <dt>{name}</dt>
          <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
