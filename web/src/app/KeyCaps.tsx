import styles from "./KeyCaps.module.css";
import { IS_MAC, keyCaps } from "./keys";

/** A key combination as key caps. */
export function KeyCaps({ keys }: { readonly keys: string }) {
  return (
    <span className={styles.keys}>
      {keyCaps(keys, IS_MAC).map((cap) => (
        <kbd key={cap}>{cap}</kbd>
      ))}
    </span>
  );
}
