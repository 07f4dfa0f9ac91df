import type { Node, NodeProps } from "@xyflow/react";
import { memo } from "react";
import { Mode } from "@/graph/document";
import { useNodeRun, useProblemsOf } from "@/store/runs";
import type { NodeData } from "../items";
import { shapeOf } from "../model/shape";
import { useStage } from "../stage";
import { UnknownValues } from "../widgets/UnknownValues";
import { WidgetList } from "../widgets/WidgetList";
import styles from "./GraphNode.module.css";
import { NodeFrame } from "./NodeFrame";
import { ResizeCorner } from "./ResizeCorner";
import { Results } from "./Results";
import { Sockets } from "./Sockets";
import { TitleBar } from "./TitleBar";

type Props = NodeProps<Node<NodeData, "node">>;

/** A node of the graph: title, sockets, widgets, and below them what its last run made. */
export const GraphNode = memo(function GraphNode({ data, selected }: Props) {
  const isTiny = useStage((state) => state.isTiny);
  return isTiny ? <Speck data={data} isSelected={selected} /> : <Body data={data} isSelected={selected} />;
});

interface BodyProps {
  readonly data: NodeData;
  readonly isSelected: boolean;
}

/** From far away: something to choose and to drag. */
function Speck({ data, isSelected }: BodyProps) {
  const shape = shapeOf(data.record, data.def);
  return (
    <NodeFrame data={data} shape={shape} isSelected={isSelected} state={undefined}>
      <div className={styles.speck} />
    </NodeFrame>
  );
}

const Body = memo(function Body({ data, isSelected }: BodyProps) {
  const { record, def, ends, address } = data;
  const run = useNodeRun(address);
  const problems = useProblemsOf(address);
  const shape = shapeOf(record, def);
  const { isCollapsed } = shape;
  return (
    <NodeFrame
      data={data}
      shape={shape}
      isSelected={isSelected}
      state={run?.state}
      hasProblem={problems.some(({ isWarning }) => !isWarning)}
      isUnknown={def === undefined}
    >
      <TitleBar data={data} run={run} problems={problems} />
      <Sockets node={data.key} shape={shape} ends={ends} problems={problems} />
      {!isCollapsed && (
        <>
          {def === undefined ? (
            <UnknownValues record={record} />
          ) : (
            shape.widgets.length > 0 && <WidgetList data={data} shape={shape} problems={problems} />
          )}
          <Results data={data} run={run} end={shape.end} />
          {record.mode === Mode.BYPASS && <div className={styles.bypassed} />}
          <ResizeCorner
            node={data.key}
            record={record}
            min={[140, shape.widgets.length === 0 ? shape.end - 30 : 60]}
          />
        </>
      )}
    </NodeFrame>
  );
});
