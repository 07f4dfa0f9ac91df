import { memo } from "react";
import { records } from "@/graph/table";
import styles from "./GraphPane.module.css";
import type { Sheet } from "./places";

/** Frames around nodes, as they lie under a graph that is looked at. */
export const PaneGroups = memo(function PaneGroups({ sheet }: { readonly sheet: Sheet }) {
  return records(sheet.graph.groups).map(({ title, bounding, color }, index) => {
    const [left, top, width, height] = bounding;
    const style = { left, top, width, height, ...(color === null ? {} : { borderColor: color }) };
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: groups of a version are never reordered
      <div key={index} className={styles.group} style={style}>
        {title}
      </div>
    );
  });
});
