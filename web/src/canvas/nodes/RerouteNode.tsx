import type { Node, NodeProps } from "@xyflow/react";
import { memo } from "react";
import type { NodeData } from "../items";
import { useAccepting } from "../links/wire";
import { colourOf } from "../model/colours";
import { shapeOf } from "../model/shape";
import { NodeFrame } from "./NodeFrame";
import styles from "./RerouteNode.module.css";

/** A knot in a wire: only its two ends. */
export const RerouteNode = memo(function RerouteNode({
  data,
  selected,
}: NodeProps<Node<NodeData, "reroute">>) {
  const { record, def, ends, key } = data;
  const shape = shapeOf(record, def);
  const accepting = useAccepting(key);
  const [input, output] = [shape.inputs[0], shape.outputs[0]];
  const into = input === undefined ? undefined : ends.inputs.get(input.name);
  const colour = colourOf(into?.type ?? ends.outputs.get(0)?.[0]?.type ?? "*");
  return (
    <NodeFrame data={data} shape={shape} isSelected={selected} state={undefined}>
      <div className={styles.body} style={{ height: shape.height }}>
        {input !== undefined && (
          <i
            className={`${styles.dot} nodrag nopan`}
            style={{ background: colour, left: -5 }}
            data-socket-in={input.name}
            data-fits={accepting === null ? undefined : accepting.has(input.name) ? "yes" : "no"}
          />
        )}
        {record.title ?? ""}
        {output !== undefined && (
          <i
            className={`${styles.dot} nodrag nopan`}
            style={{ background: colour, right: -5 }}
            data-socket-out={0}
            data-fits={accepting === null ? undefined : accepting.has(0) ? "yes" : "no"}
          />
        )}
      </div>
    </NodeFrame>
  );
});
