import styles from "./BoxOverlay.module.css";
import { useBox } from "./boxSelect";

export function BoxOverlay() {
  const box = useBox((state) => state.box);
  if (box === null) return null;
  return (
    <div className={styles.box} style={{ left: box.x, top: box.y, width: box.width, height: box.height }} />
  );
}
