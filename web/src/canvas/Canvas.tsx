import { ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import styles from "./Canvas.module.css";
import { Flow } from "./Flow";
import { Overlays } from "./Overlays";

/** The graph on screen. Fills its parent. */
export function Canvas() {
  return (
    <ReactFlowProvider>
      <div className={styles.canvas} data-canvas>
        <Flow />
        <Overlays />
      </div>
    </ReactFlowProvider>
  );
}
