import type { Lane } from "@/store/versions/lanes";
import styles from "./Timeline.module.css";

/** Pixels from one column to the next. */
const STEP = 12;
/** Columns that are drawn; lines further right run together in the last. */
const MOST = 6;

interface Props {
  readonly lane: Lane;
  /** Columns the widest row has. */
  readonly columns: number;
  readonly height: number;
  readonly isCurrent: boolean;
}

/** A version as a dot, and the lines of history around it. */
export function LaneDrawing({ lane, columns, height, isCurrent }: Props) {
  const x = (column: number) => Math.min(column, MOST - 1) * STEP + STEP / 2 + 2;
  const [at, middle] = [x(lane.column), height / 2];
  const bend = (from: number, y1: number, to: number, y2: number) =>
    `M${from} ${y1}C${from} ${(y1 + y2) / 2} ${to} ${(y1 + y2) / 2} ${to} ${y2}`;
  const isMerge = lane.out.length > 1;
  return (
    <svg
      className={styles.lanes}
      width={Math.min(columns, MOST) * STEP + 4}
      height={height}
      aria-hidden="true"
      data-merge={isMerge || undefined}
    >
      {lane.lines.map(({ from, to }) => (
        <path key={`p${from}`} d={bend(x(from), 0, x(to), height)} data-column={from % 4} />
      ))}
      {lane.into.map((from) => (
        <path key={`i${from}`} d={bend(x(from), 0, at, middle)} data-column={from % 4} />
      ))}
      {lane.out.map((to) => (
        <path key={`o${to}`} d={bend(at, middle, x(to), height)} data-column={to % 4} />
      ))}
      <circle cx={at} cy={middle} r={isCurrent ? 5.5 : 4} data-current={isCurrent || undefined} />
      {isMerge && <circle cx={at} cy={middle} r={1.5} className={styles.mergeDot} />}
    </svg>
  );
}
