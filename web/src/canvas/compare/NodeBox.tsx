import { type CSSProperties, memo } from "react";
import { useTranslation } from "react-i18next";
import { Mode } from "@/graph/document";
import { isNote } from "@/graph/kinds";
import { readWidgets } from "@/graph/widgets";
import { schemeOn } from "../model/scheme";
import styles from "./GraphPane.module.css";
import { type Laid, type Sheet, titleIn } from "./places";

interface Props {
  readonly node: Laid;
  readonly sheet: Sheet;
  readonly hasValues: boolean;
}

/** A node as a box: its title, its sockets, its values. */
export const NodeBox = memo(function NodeBox({ node, sheet, hasValues }: Props) {
  const { key, record, def, shape, rect } = node;
  const { t } = useTranslation("canvas");
  const values = def === undefined ? null : readWidgets(record, def);
  const style: CSSProperties = { left: rect.x, top: rect.y, width: rect.width, height: rect.height };
  if (record.bgcolor !== null) style.background = record.bgcolor;
  const isOff = record.mode === Mode.MUTE || record.mode === Mode.BYPASS;
  const isOpen = hasValues && !shape.isCollapsed;
  return (
    <div
      className={styles.node}
      style={style}
      data-off={isOff || undefined}
      data-scheme={schemeOn(record.bgcolor ?? record.color)}
      data-pane-node={key}
    >
      <div className={styles.title} style={record.color === null ? undefined : { background: record.color }}>
        {titleIn(sheet, key)}
      </div>
      {isOpen &&
        shape.inputs.map(({ name }) => (
          <span key={name} className={styles.input} style={{ top: shape.inputAt(name)[1] }}>
            {name}
          </span>
        ))}
      {isOpen &&
        shape.outputs.map((output, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: outputs are known by their place
          <span key={index} className={styles.output} style={{ top: shape.outputAt(index)[1] }}>
            {output.name}
          </span>
        ))}
      {isOpen &&
        shape.widgets
          .filter(({ place }) => place.kind === "value" || place.kind === "control")
          .map(({ key: row, place, y, height }) => (
            <div key={row} className={styles.row} style={{ top: y, height }}>
              <span>{place.kind === "control" ? t("control.label") : place.input.name}</span>
              <b>
                {place.kind === "control"
                  ? t(`control.${values?.controls.get(place.input.name) ?? "fixed"}`)
                  : shown(values?.values.get(place.input.name))}
              </b>
            </div>
          ))}
      {isOpen && isNote(record.type) && <p className={styles.note}>{noteOf(record.values)}</p>}
    </div>
  );
});

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function noteOf(values: unknown): string {
  return Array.isArray(values) && typeof values[0] === "string" ? values[0] : "";
}
