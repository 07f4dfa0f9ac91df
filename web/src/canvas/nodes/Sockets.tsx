import type { NodeKey } from "@/graph/document";
import type { InputSocket, OutputSocket } from "@/graph/sockets";
import type { PinnedProblem } from "@/store/runs";
import { type Accepting, useAccepting } from "../links/wire";
import { useMarks } from "../marks";
import { colourOf } from "../model/colours";
import type { Ends } from "../model/ends";
import type { Shape } from "../model/shape";
import { showTip } from "../tip";
import styles from "./Sockets.module.css";

interface Props {
  readonly node: NodeKey;
  readonly shape: Shape;
  readonly ends: Ends;
  readonly problems: readonly PinnedProblem[];
}

/** The plain sockets of a node. Those of widgets are beside the widgets. */
export function Sockets({ node, shape, ends, problems }: Props) {
  const accepting = useAccepting(node);
  const marks = useMarks(node);
  if (shape.inputs.length === 0 && shape.outputs.length === 0) return null;
  return (
    <div className={styles.sockets} data-collapsed={shape.isCollapsed || undefined}>
      <div className={styles.inputs}>
        {shape.inputs.map((socket) => (
          <Input
            key={socket.name}
            socket={socket}
            isLinked={ends.inputs.has(socket.name)}
            accepting={accepting}
            chosen={marks?.inputs.get(socket.name)}
            problems={problems.filter((problem) => problem.input === socket.name)}
          />
        ))}
      </div>
      <div className={styles.outputs}>
        {shape.outputs.map((socket) => (
          <Output
            key={socket.index}
            socket={socket}
            isLinked={ends.outputs.has(socket.index)}
            accepting={accepting}
            chosen={marks?.outputs.get(socket.index)}
          />
        ))}
      </div>
    </div>
  );
}

interface InputProps {
  readonly socket: InputSocket;
  readonly isLinked: boolean;
  readonly accepting: Accepting;
  /** What the function that is being declared calls it. */
  readonly chosen: string | undefined;
  readonly problems: readonly PinnedProblem[];
}

function Input({ socket, isLinked, accepting, chosen, problems }: InputProps) {
  return (
    <div className={styles.row} data-chosen={chosen}>
      <span
        className={`${styles.end} nodrag nopan`}
        data-socket-in={socket.name}
        data-linked={isLinked || undefined}
        data-optional={socket.optional || undefined}
        data-fits={accepting === null ? undefined : accepting.has(socket.name) ? "yes" : "no"}
        data-problem={problems.length > 0 || undefined}
        title={problems.length > 0 ? undefined : tooltip(socket.type, socket.def?.options["tooltip"])}
        onPointerEnter={problems.length > 0 ? (event) => showTip(event.currentTarget, problems) : undefined}
        onPointerLeave={problems.length > 0 ? () => showTip(null) : undefined}
      >
        <i className={styles.dot} style={{ background: colourOf(socket.type) }} />
        <span className={styles.label}>{socket.label}</span>
      </span>
    </div>
  );
}

interface OutputProps {
  readonly socket: OutputSocket;
  readonly isLinked: boolean;
  readonly accepting: Accepting;
  readonly chosen: string | undefined;
}

function Output({ socket, isLinked, accepting, chosen }: OutputProps) {
  return (
    <div className={styles.row} data-chosen={chosen}>
      <span
        className={`${styles.end} nodrag nopan`}
        data-socket-out={socket.index}
        data-linked={isLinked || undefined}
        data-list={socket.isList || undefined}
        data-fits={accepting === null ? undefined : accepting.has(socket.index) ? "yes" : "no"}
        title={tooltip(socket.type, socket.tooltip)}
      >
        <span className={styles.label}>{socket.label}</span>
        <i className={styles.dot} style={{ background: colourOf(socket.type) }} />
      </span>
    </div>
  );
}

function tooltip(type: string, text: unknown): string {
  return typeof text === "string" && text !== "" ? `${type}\n${text}` : type;
}
