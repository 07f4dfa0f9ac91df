import type { Node, NodeProps } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { BOUNDARY_IN } from "@/graph/document";
import { ports } from "@/graph/ports";
import type { BoundaryData } from "../items";
import { useAccepting } from "../links/wire";
import { openMenu } from "../menus/menu";
import { boundaryShape } from "../model/boundary";
import { colourOf } from "../model/colours";
import styles from "./BoundaryNode.module.css";
import sockets from "./Sockets.module.css";

type Props = NodeProps<Node<BoundaryData, "boundary">>;

/** One end of a subgraph, seen from inside: what comes in, or what goes out. A link dropped on it adds to it. */
export const BoundaryNode = memo(function BoundaryNode({ data }: Props) {
  const { t } = useTranslation("canvas");
  const { key, graph, ends } = data;
  const accepting = useAccepting(key);
  const shape = boundaryShape(graph, key);
  if (shape === null) return null;
  const isStart = key === BOUNDARY_IN;
  return (
    <div
      className={styles.boundary}
      style={{ width: shape.width, height: shape.height }}
      data-testid={`node-${key}`}
      data-boundary={isStart ? "in" : "out"}
    >
      <div className={styles.title}>{t(isStart ? "boundary.inputs" : "boundary.outputs")}</div>
      <div className={isStart ? sockets.outputs : sockets.inputs}>
        {ports(graph, isStart ? "inputs" : "outputs").map((port, index) => {
          const end = isStart ? { "data-socket-out": index } : { "data-socket-in": port.name };
          const dot = <i className={sockets.dot} style={{ background: colourOf(port.type) }} />;
          const isLinked = isStart ? ends.outputs.has(index) : ends.inputs.has(port.name);
          const fits = accepting?.has(isStart ? index : port.name);
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: a menu for the mouse; its commands are elsewhere too
            <div
              key={port.name}
              className={sockets.row}
              onContextMenu={(event) => {
                event.preventDefault();
                event.stopPropagation();
                openMenu({ kind: "port", side: isStart ? "inputs" : "outputs", index }, event);
              }}
            >
              <span
                className={`${sockets.end} nodrag nopan`}
                {...end}
                data-linked={isLinked || undefined}
                data-fits={accepting === null ? undefined : fits ? "yes" : "no"}
                title={port.type}
              >
                {!isStart && dot}
                <span className={sockets.label}>{port.label}</span>
                {isStart && dot}
              </span>
            </div>
          );
        })}
        <div className={sockets.row}>
          <span
            className={`${sockets.end} ${styles.more} nodrag nopan`}
            data-new-port={isStart ? "inputs" : "outputs"}
            title={t("boundary.add")}
          >
            {!isStart && <i className={sockets.dot} />}
            <span className={sockets.label}>+</span>
            {isStart && <i className={sockets.dot} />}
          </span>
        </div>
      </div>
    </div>
  );
});
