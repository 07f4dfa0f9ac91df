import type { NodeKey, Point } from "@/graph/document";
import styles from "./MarkLayer.module.css";
import type { Marks } from "./marks";
import { curve, type Sheet, socketAt } from "./places";

interface Props {
  readonly marks: Marks;
  readonly sheet: Sheet;
  readonly old: Sheet | null;
  readonly moved: ReadonlyMap<NodeKey, Point> | null;
}

/** Links that are new, drawn whole, and links that are gone, drawn in dashes. */
export function RewiredLinks({ marks, sheet, old, moved }: Props) {
  const ways = marks.rewired.flatMap(({ node, input, from, to }) => {
    const end = socketAt(sheet, node, { input }, moved);
    const now = to === null ? null : socketAt(sheet, to.node, to, moved);
    // What fed it may be there still, or be a ghost.
    const ghost = from !== null && marks.ghosts.includes(from.node);
    const was =
      from === null
        ? null
        : ghost && old !== null
          ? socketAt(old, from.node, from)
          : socketAt(sheet, from.node, from, moved);
    const made = (kind: "added" | "removed", start: Point | null) =>
      start === null || end === null
        ? []
        : [{ kind, id: `${kind} ${node} ${input}`, way: curve(start, end) }];
    return [...(old === null ? [] : made("removed", was)), ...made("added", now)];
  });
  if (ways.length === 0) return null;
  return (
    <svg className={styles.links} aria-hidden="true">
      {ways.map(({ kind, id, way }) => (
        <path key={id} d={way} data-link-mark={kind} />
      ))}
    </svg>
  );
}
