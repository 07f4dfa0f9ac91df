/** What the server knows of its node classes, read from `/object_info`. */
import { isObject, type Json, type JsonObject } from "./json";

/** Types whose inputs are edited on the node itself. Every other input is a socket only. */
export type WidgetKind = "INT" | "FLOAT" | "STRING" | "BOOLEAN" | "COMBO" | "COLOR";

export interface InputDef {
  readonly name: string;
  /** Wire type; `COMBO` for a list of choices. A union is written `A,B`. */
  readonly type: string;
  /** The widget it is shown as, or null for a plain socket. */
  readonly widget: WidgetKind | null;
  readonly choices: readonly Json[];
  readonly optional: boolean;
  readonly options: JsonObject;
}

export interface OutputDef {
  readonly name: string;
  readonly type: string;
  readonly isList: boolean;
  readonly tooltip: string | null;
}

export interface NodeDef {
  readonly name: string;
  readonly title: string;
  /** Such as `conditioning/controlnet`. */
  readonly category: string;
  readonly description: string;
  /** In the order widgets and sockets are made: required, then optional. Hidden inputs are not here. */
  readonly inputs: readonly InputDef[];
  readonly outputs: readonly OutputDef[];
  readonly isOutput: boolean;
  readonly deprecated: boolean;
  readonly experimental: boolean;
  /** Python module, such as `nodes` or `custom_nodes.some_pack`. */
  readonly module: string;
}

/** Node classes by name. */
export type Defs = ReadonlyMap<string, NodeDef>;

const WIDGETS: Readonly<Record<string, WidgetKind>> = {
  INT: "INT",
  FLOAT: "FLOAT",
  STRING: "STRING",
  BOOLEAN: "BOOLEAN",
  COMBO: "COMBO",
  COLOR: "COLOR",
};

/** Reads the answer of `/object_info`. An entry that is no object is left out. */
export function readDefs(info: JsonObject): Defs {
  const defs = new Map<string, NodeDef>();
  for (const [name, entry] of Object.entries(info)) if (isObject(entry)) defs.set(name, readDef(name, entry));
  return defs;
}

export function readDef(name: string, entry: JsonObject): NodeDef {
  const groups = object(entry["input"]);
  const order = object(entry["input_order"]);
  return {
    name,
    title: text(entry["display_name"]) || name,
    category: text(entry["category"]),
    description: text(entry["description"]),
    inputs: [
      ...readInputs(object(groups["required"]), order["required"], false),
      ...readInputs(object(groups["optional"]), order["optional"], true),
    ],
    outputs: readOutputs(entry),
    isOutput: entry["output_node"] === true,
    deprecated: entry["deprecated"] === true,
    experimental: entry["experimental"] === true,
    module: text(entry["python_module"]),
  };
}

function readInputs(group: JsonObject, order: Json | undefined, optional: boolean): InputDef[] {
  const listed = list(order).filter((name): name is string => typeof name === "string" && name in group);
  const names = [...listed, ...Object.keys(group).filter((name) => !listed.includes(name))];
  return names.map((name) => readInput(name, group[name], optional));
}

function readInput(name: string, spec: Json | undefined, optional: boolean): InputDef {
  const [kind, given] = list(spec);
  const options = object(given);
  const oldCombo = Array.isArray(kind);
  const type = oldCombo ? "COMBO" : text(kind) || "*";
  const shown = text(options["widgetType"]) || type;
  const widget = options["forceInput"] === true ? null : (WIDGETS[shown] ?? null);
  return { name, type, widget, choices: oldCombo ? kind : list(options["options"]), optional, options };
}

function readOutputs(entry: JsonObject): OutputDef[] {
  const [names, lists, tips] = [entry["output_name"], entry["output_is_list"], entry["output_tooltips"]].map(
    list,
  );
  return list(entry["output"]).map((type, index) => {
    const wire = Array.isArray(type) ? "COMBO" : text(type) || "*";
    return {
      name: text(names?.[index]) || wire,
      type: wire,
      isList: lists?.[index] === true,
      tooltip: text(tips?.[index]) || null,
    };
  });
}

/** Whether any number of the choices can be chosen; the value is a list of them then. */
export function takesMany({ options }: InputDef): boolean {
  return options["multi_select"] === true || isObject(options["multi_select"]);
}

/** What an input holds before anybody touches it. */
export function defaultOf(input: InputDef): Json {
  const given = input.options["default"];
  switch (input.widget) {
    case "INT":
    case "FLOAT":
      return typeof given === "number" ? given : 0;
    case "BOOLEAN":
      return given === true;
    case "COMBO":
      if (takesMany(input)) return Array.isArray(given) ? given : given === undefined ? [] : [given];
      return given ?? input.choices[0] ?? null;
    case null:
      return given ?? null;
    default:
      return typeof given === "string" ? given : "";
  }
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
