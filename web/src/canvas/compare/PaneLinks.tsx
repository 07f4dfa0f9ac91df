import { memo } from "react";
import { typeText } from "@/graph/types";
import { colourOf } from "../model/colours";
import styles from "./GraphPane.module.css";
import { curve, type Sheet, socketAt } from "./places";

/** The links of a graph that is looked at. */
export const PaneLinks = memo(function PaneLinks({ sheet }: { readonly sheet: Sheet }) {
  const { links } = sheet.graph;
  return (
    <svg className={styles.links} aria-hidden="true">
      {links.ids.map((id) => {
        const link = links.by[id];
        if (link === undefined) return null;
        const from = socketAt(sheet, link.from, { slot: link.fromSlot });
        const to = socketAt(sheet, link.to, { input: link.toInput });
        if (from === null || to === null) return null;
        return <path key={id} d={curve(from, to)} stroke={colourOf(typeText(link.type))} />;
      })}
    </svg>
  );
});
