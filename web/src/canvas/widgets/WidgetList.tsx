import type { Json } from "@/graph/json";
import { readWidgets, type Widgets } from "@/graph/widgets";
import type { PinnedProblem } from "@/store/runs";
import type { NodeData } from "../items";
import { useAccepting } from "../links/wire";
import { useMarks } from "../marks";
import { colourOf } from "../model/colours";
import type { Shape, WidgetRow } from "../model/shape";
import { showTip } from "../tip";
import { ColourWidget } from "./ColourWidget";
import { ComboWidget } from "./ComboWidget";
import { ControlWidget } from "./ControlWidget";
import { NumberWidget } from "./NumberWidget";
import { TextWidget } from "./TextWidget";
import { ToggleWidget } from "./ToggleWidget";
import { UploadButton } from "./UploadButton";
import styles from "./WidgetList.module.css";

interface Props {
  readonly data: NodeData;
  readonly shape: Shape;
  readonly problems: readonly PinnedProblem[];
}

/** The widgets of a node, a row each. */
export function WidgetList({ data, shape, problems }: Props) {
  const accepting = useAccepting(data.key);
  const marks = useMarks(data.key);
  const widgets = data.def === undefined ? null : readWidgets(data.record, data.def);
  if (widgets === null) return null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the widgets within are what is used
    <div
      className={styles.list}
      onKeyDown={(event) => {
        // From widget to widget; the canvas has another use for Tab.
        if (event.key === "Tab") event.stopPropagation();
      }}
    >
      {shape.widgets.map((row) => {
        const { name } = row.place.input;
        const isValue = row.place.kind === "value";
        const own = isValue ? problems.filter((problem) => problem.input === name) : [];
        const isLinked = isValue && data.ends.inputs.has(name);
        const fits =
          accepting === null || row.socket === null ? undefined : accepting.has(name) ? "yes" : "no";
        return (
          <div
            key={row.key}
            className={styles.row}
            style={{ height: row.height }}
            data-linked={isLinked || undefined}
            data-problem={own.length > 0 || undefined}
            data-chosen={isValue ? marks?.inputs.get(name) : undefined}
            title={own.length > 0 ? undefined : tooltip(row)}
            onPointerEnter={own.length > 0 ? (event) => showTip(event.currentTarget, own) : undefined}
            onPointerLeave={own.length > 0 ? () => showTip(null) : undefined}
          >
            {row.socket !== null && (
              <i
                className={`${styles.dot} nodrag nopan`}
                style={{ background: colourOf(row.socket.type) }}
                data-socket-in={name}
                data-linked={isLinked || undefined}
                data-fits={fits}
              />
            )}
            <div
              className={`${styles.widget} nodrag nopan`}
              data-widget={isValue ? name : undefined}
              data-control={row.place.kind === "control" ? name : undefined}
            >
              <Widget data={data} row={row} widgets={widgets} isLinked={isLinked} />
            </div>
          </div>
        );
      })}
    </div>
  );
}

function tooltip(row: WidgetRow): string | undefined {
  const text = row.place.input.options["tooltip"];
  return typeof text === "string" && text !== "" ? text : undefined;
}

interface WidgetProps {
  readonly data: NodeData;
  readonly row: WidgetRow;
  readonly widgets: Widgets;
  readonly isLinked: boolean;
}

function Widget({ data, row, widgets, isLinked }: WidgetProps) {
  const { input, kind } = row.place;
  const node = data.key;
  if (kind === "button") return <UploadButton node={node} input={input} />;
  if (kind === "control") {
    return <ControlWidget node={node} input={input} value={widgets.controls.get(input.name) ?? "fixed"} />;
  }
  const value: Json = widgets.values.get(input.name) ?? null;
  const label = row.socket?.label ?? input.name;
  const common = { node, input, label, isLinked };
  switch (input.widget) {
    case "INT":
    case "FLOAT":
      return typeof value === "number" ? (
        <NumberWidget {...common} value={value} />
      ) : (
        <TextWidget {...common} value={asText(value)} />
      );
    case "BOOLEAN":
      return <ToggleWidget {...common} value={value === true} />;
    case "COMBO":
      return <ComboWidget {...common} value={value} />;
    case "COLOR":
      return <ColourWidget {...common} value={asText(value)} />;
    default:
      return <TextWidget {...common} value={asText(value)} />;
  }
}

function asText(value: Json): string {
  return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
}
