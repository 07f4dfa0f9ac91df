import { useStore } from "@xyflow/react";
import { useTranslation } from "react-i18next";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import { useSettings } from "@/store/settings";
import { colourOf } from "../model/colours";
import { shown } from "../useShown";
import { screenElement, toPage } from "../view";
import { cornersNow } from "./corners";
import styles from "./WireOverlay.module.css";
import { useWire, type Wire } from "./wire";
import { anchorOf, slack, stroke } from "./wires";

/** The link in hand, above everything, and why the last one was refused. */
export function WireOverlay() {
  const { t } = useTranslation("canvas");
  const wire = useWire((state) => state.wire);
  const notice = useWire((state) => state.notice);
  return (
    <>
      {wire !== null && <Drawn wire={wire} />}
      <div className={styles.live} role="status">
        {notice !== null && (
          <div className={styles.notice} style={{ left: notice.at[0] + 14, top: notice.at[1] + 10 }}>
            {t(`refused.${notice.code}`, { detail: notice.detail })}
          </div>
        )}
      </div>
    </>
  );
}

function Drawn({ wire }: { readonly wire: Wire }) {
  // The view may move while a wire is carried.
  useStore((state) => state.transform);
  const style = useSettings((settings) => settings.links);
  const box = screenElement()?.getBoundingClientRect();
  const { graph, document } = shown();
  const { start } = wire;
  const anchor = anchorOf(document, useDefs.getState().defs, graph, cornersNow(), start);
  if (box === undefined || anchor === null || useEditor.getState().document !== document) return null;
  const [px, py] = toPage(anchor);
  const from = [px - box.left, py - box.top] as const;
  const to = [wire.at[0] - box.left, wire.at[1] - box.top] as const;
  const [a, b] = start.kind === "output" ? [from, to] : [to, from];
  const colour = colourOf(wire.type);
  return (
    <svg className={styles.layer} aria-hidden="true">
      <path d={pathOf(style === "hidden" ? "spline" : style, a, b)} stroke={colour} />
      <circle cx={to[0]} cy={to[1]} r="5" fill={colour} />
    </svg>
  );
}

function pathOf(
  style: "spline" | "linear" | "straight",
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
): string {
  const parts = [`M${x1},${y1}`];
  const reach = slack(x1, y1, x2, y2);
  if (style === "spline") return `${parts[0]}C${x1 + reach},${y1} ${x2 - reach},${y2} ${x2},${y2}`;
  stroke({ lineTo: (x, y) => parts.push(`L${x},${y}`), bezierCurveTo: () => {} }, style, x1, y1, x2, y2);
  return parts.join("");
}
