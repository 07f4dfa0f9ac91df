import { IconAlertTriangle, IconMinus, IconPencil, IconPlus } from "@tabler/icons-react";
import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import type { NodeKey, Point } from "@/graph/document";
import { DifferenceLine } from "./DifferenceLine";
import styles from "./MarkLayer.module.css";
import type { MarkKind, Marks } from "./marks";
import { laid, type Sheet, titleIn } from "./places";
import { RewiredLinks } from "./RewiredLinks";

interface Props {
  readonly marks: Marks;
  /** The graph the marks lie on. */
  readonly sheet: Sheet;
  /** Where ghosts are drawn from; null if nothing is to be seen of it. */
  readonly old: Sheet | null;
  /** Where nodes are while they are dragged. */
  readonly moved?: ReadonlyMap<NodeKey, Point> | null;
  /** The node that is looked at. */
  readonly lit?: NodeKey | null;
  /** What it is seen at: marks are never too small to be read. */
  readonly zoom: number;
}

const ICONS = {
  added: IconPlus,
  removed: IconMinus,
  changed: IconPencil,
  conflict: IconAlertTriangle,
} as const;

/** Over a graph, in its own coordinates: frames around what differs, what was there, and what it was. */
export function MarkLayer({ marks, sheet, old, moved = null, lit = null, zoom }: Props) {
  return (
    <div
      className={styles.layer}
      style={scaled(zoom)}
      data-far={zoom < FAR || undefined}
      data-testid="mark-layer"
    >
      <RewiredLinks marks={marks} sheet={sheet} old={old} moved={moved} />
      {old !== null && marks.ghosts.map((key) => <Ghost key={`g${key}`} sheet={old} node={key} lit={lit} />)}
      {[...marks.nodes].map(([key, { kind, changes }]) => {
        const node = laid(sheet, key);
        if (node === null) return null;
        const at = moved?.get(key);
        const { x, y, width, height } = node.rect;
        const [dx, dy] = at === undefined ? [0, 0] : [at[0] - node.record.pos[0], at[1] - node.record.pos[1]];
        return (
          <div
            key={key}
            className={styles.frame}
            data-mark={kind}
            data-mark-node={key}
            data-lit={lit === key || undefined}
            style={{ left: x + dx - 4, top: y + dy - 4, width: width + 8, height: height + 8 }}
          >
            <Badge kind={kind} />
            {changes.map((one) => {
              const row =
                "input" in one
                  ? node.shape.widgets.find(({ place }) => place.input.name === one.input)
                  : null;
              return row == null || node.shape.isCollapsed ? null : (
                <div
                  key={`${one.kind}${row.key}`}
                  className={styles.row}
                  style={{ top: row.y + 4, height: row.height }}
                />
              );
            })}
            {changes.length > 0 && (
              <ul className={styles.card}>
                {changes.map((one, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: the list is made anew as a whole
                  <DifferenceLine key={index} difference={one} />
                ))}
              </ul>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** Below this zoom there is no room for words. */
const FAR = 0.2;
/** Below this zoom, words grow as the graph shrinks. */
const READABLE = 0.7;

function scaled(zoom: number): CSSProperties {
  const style: CSSProperties & { "--mark-scale": number } = { "--mark-scale": markScale(zoom) };
  return style;
}

/** In steps, so that zooming does not draw every mark anew all the while. */
export function markScale(zoom: number): number {
  return Math.min(5, Math.max(1, Math.round((READABLE / zoom) * 4) / 4));
}

function Ghost({
  sheet,
  node,
  lit,
}: {
  readonly sheet: Sheet;
  readonly node: NodeKey;
  readonly lit: NodeKey | null;
}) {
  const found = laid(sheet, node);
  if (found === null) return null;
  const { x, y, width, height } = found.rect;
  return (
    <div
      className={styles.ghost}
      data-mark="removed"
      data-mark-node={node}
      data-lit={lit === node || undefined}
      style={{ left: x, top: y, width, height }}
    >
      <Badge kind="removed" />
      <span className={styles.title}>{titleIn(sheet, node)}</span>
    </div>
  );
}

function Badge({ kind }: { readonly kind: MarkKind }) {
  const { t } = useTranslation("versions");
  const Icon = ICONS[kind];
  return (
    <span className={styles.badge}>
      <Icon size={13} stroke={2.5} aria-hidden /> {t(`compareView.${kind}`)}
    </span>
  );
}
