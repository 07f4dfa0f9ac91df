import { setValue } from "@/canvas/actions/widgets";
import { formatNumber, parseNumber, rangeOf } from "@/canvas/widgets/number";
import type { InputDef } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import { defOf } from "@/graph/hosts";
import type { Json } from "@/graph/json";
import { useDefs } from "@/store/defs";
import { shownGraph, useEditor } from "@/store/editor";
import styles from "./OutlineInputRow.module.css";

interface Props {
  readonly node: NodeKey;
  readonly name: string;
  readonly value: Json | undefined;
  readonly labelledBy: string;
}

/** The value of a widget, in the browser's own field for its kind. What is typed holds when the field is left. */
export function OutlineValue({ node, name, value, labelledBy }: Props) {
  const def = useInputDef(node, name);
  if (def === undefined || value === undefined) return null;
  const common = { className: styles.value, "aria-labelledby": labelledBy };
  const set = (next: Json) => {
    if (next !== value) setValue(node, name, next);
  };
  switch (def.widget) {
    case "BOOLEAN":
      return (
        <input
          {...common}
          type="checkbox"
          checked={value === true}
          onChange={(event) => set(event.currentTarget.checked)}
        />
      );
    case "COMBO":
      return <Choice def={def} value={value} set={set} common={common} />;
    case "INT":
    case "FLOAT": {
      const range = rangeOf(def);
      const text = typeof value === "number" ? formatNumber(value, range) : String(value);
      return (
        <input
          {...common}
          key={text}
          inputMode={range.isWhole ? "numeric" : "decimal"}
          defaultValue={text}
          onBlur={(event) => set(parseNumber(event.currentTarget.value, range) ?? value)}
          onKeyDown={leaveOnEnter}
        />
      );
    }
    default:
      return <Text value={value} set={set} common={common} isLong={def.options["multiline"] === true} />;
  }
}

interface FieldProps {
  readonly value: Json;
  readonly set: (value: Json) => void;
  readonly common: { readonly className: string | undefined; readonly "aria-labelledby": string };
}

function Text({ value, set, common, isLong }: FieldProps & { readonly isLong: boolean }) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const field = {
    ...common,
    defaultValue: text,
    onBlur: (event: { readonly currentTarget: { readonly value: string } }) => set(event.currentTarget.value),
  };
  if (isLong) return <textarea key={text} {...field} rows={3} />;
  return <input key={text} {...field} onKeyDown={leaveOnEnter} />;
}

function Choice({ def, value, set, common }: FieldProps & { readonly def: InputDef }) {
  const chosen = def.choices.indexOf(value);
  return (
    <select
      {...common}
      value={chosen}
      onChange={(event) => {
        const choice = def.choices[Number(event.currentTarget.value)];
        if (choice !== undefined) set(choice);
      }}
    >
      {chosen < 0 && <option value={-1}>{String(value)}</option>}
      {def.choices.map((choice, index) => (
        <option key={String(choice)} value={index}>
          {String(choice)}
        </option>
      ))}
    </select>
  );
}

function useInputDef(node: NodeKey, name: string): InputDef | undefined {
  const document = useEditor((editor) => editor.document);
  const graph = useEditor(shownGraph);
  const defs = useDefs((state) => state.defs);
  const record = document.graphs.by[graph]?.nodes.by[node];
  if (record === undefined) return undefined;
  return defOf(document, defs, record)?.inputs.find((input) => input.name === name);
}

function leaveOnEnter(event: React.KeyboardEvent<HTMLInputElement>): void {
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) event.currentTarget.blur();
}
