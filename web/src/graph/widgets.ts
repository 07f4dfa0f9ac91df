/**
 * `widgets_values` by name. Files keep the values of a node's widgets as a list without names; which place is
 * whose follows from the node's definition, with extras that no definition lists (controls, buttons).
 */
import { defaultOf, type NodeDef } from "./defs";
import type { NodeRecord } from "./document";
import { isObject, type Json } from "./json";
import { type Control, fits, hasControl, isControl, type Place, places } from "./widgetPlaces";
import { readingOf } from "./widgetReadings";

export {
  CONTROLS,
  type Control,
  fits,
  hasControl,
  hasPlace,
  isControl,
  isShown,
  isUpload,
  type Place,
  type PlaceKind,
  places,
} from "./widgetPlaces";

/** The values of a node's widgets by input name. */
export interface Widgets {
  readonly values: ReadonlyMap<string, Json>;
  readonly controls: ReadonlyMap<string, Control>;
  readonly filters: ReadonlyMap<string, string>;
  /** What stands in hidden places, in their order. */
  readonly hidden: readonly Json[];
  /** What the button that ends a list of uploads says in the file. */
  readonly button: string | null;
  /** What stands behind the last place of the list, such as viewers of other packs. */
  readonly surplus: readonly Json[];
  /** Inputs whose value in the file does not fit their definition; the value is kept. */
  readonly misfits: readonly string[];
}

/** Reads a node's values; what the file lacks is the definition's default. */
export function readWidgets(node: NodeRecord, def: NodeDef): Widgets {
  const remembered = READ.get(node);
  if (remembered?.def === def) return remembered.widgets;
  const widgets = isObject(node.values) ? byName(node, def) : byPlace(node, def);
  READ.set(node, { def, widgets });
  return widgets;
}
const READ = new WeakMap<NodeRecord, { def: NodeDef; widgets: Widgets }>();

function byName(node: NodeRecord, def: NodeDef): Widgets {
  const given = isObject(node.values) ? node.values : {};
  const filled = places(def).map(({ input, kind }) => (kind === "value" ? given[input.name] : undefined));
  return assign(places(def), filled);
}

function byPlace(node: NodeRecord, def: NodeDef): Widgets {
  const given = Array.isArray(node.values) ? node.values : [];
  return assign(readingOf(def, given), given);
}

function assign(layout: readonly (Place | null)[], given: readonly (Json | undefined)[]): Widgets {
  const values = new Map<string, Json>();
  const controls = new Map<string, Control>();
  const filters = new Map<string, string>();
  const hidden: Json[] = [];
  const misfits: string[] = [];
  let button: string | null = null;
  layout.forEach((place, index) => {
    const value = given[index];
    if (place === null) return;
    const { name } = place.input;
    if (place.kind === "control") controls.set(name, control(value));
    else if (place.kind === "filter") filters.set(name, typeof value === "string" ? value : "");
    else if (place.kind === "hidden") hidden.push(value ?? null);
    else if (place.kind === "button") button = typeof value === "string" ? value : null;
    else {
      if (value !== undefined && !fits(place, value)) misfits.push(name);
      const empty = value === undefined || (value === null && place.input.widget !== "COMBO");
      values.set(name, empty ? defaultOf(place.input) : value);
    }
  });
  const surplus = given.slice(layout.length).map((value) => value ?? null);
  return { values, controls, filters, hidden, button, surplus, misfits };
}

/** A seed whose control is not in the file stays as it is: opening must not change what a run gives. */
function control(value: Json | undefined): Control {
  if (isControl(value)) return value;
  return value === true ? "randomize" : "fixed";
}

/** The node with one of its widgets set; the list is written complete, as its definition has it. */
export function writeWidget(node: NodeRecord, def: NodeDef, name: string, value: Json): NodeRecord {
  if (isObject(node.values)) return { ...node, values: { ...node.values, [name]: value } };
  const widgets = readWidgets(node, def);
  const values = new Map(widgets.values).set(name, value);
  return { ...node, values: listOf(def, { ...widgets, values }) };
}

export function writeControl(node: NodeRecord, def: NodeDef, name: string, value: Control): NodeRecord {
  if (isObject(node.values)) return node;
  const widgets = readWidgets(node, def);
  const controls = new Map(widgets.controls).set(name, value);
  return { ...node, values: listOf(def, { ...widgets, controls }) };
}

export function writeFilter(node: NodeRecord, def: NodeDef, name: string, value: string): NodeRecord {
  if (isObject(node.values)) return node;
  const widgets = readWidgets(node, def);
  const filters = new Map(widgets.filters).set(name, value);
  return { ...node, values: listOf(def, { ...widgets, filters }) };
}

/** The complete list, with what stood behind it. */
function listOf(def: NodeDef, widgets: Widgets): Json[] {
  const hidden = widgets.hidden.values();
  const written = places(def).map(({ input, kind }): Json => {
    if (kind === "control") return widgets.controls.get(input.name) ?? "fixed";
    if (kind === "filter") return widgets.filters.get(input.name) ?? "";
    if (kind === "hidden") return hidden.next().value ?? null;
    if (kind === "button") return widgets.button ?? "image";
    const value = widgets.values.get(input.name);
    return value === undefined ? defaultOf(input) : value;
  });
  return [...written, ...widgets.surplus];
}

/** The list of a node that was just added. `controls` are those of seeds: a new sampler draws a new one each time. */
export function freshValues(def: NodeDef): Json[] {
  const seeds = def.inputs.filter((input) => input.widget === "INT" && hasControl(input));
  const controls = new Map<string, Control>(seeds.map((input) => [input.name, "randomize"]));
  return listOf(def, { ...assign([], []), controls });
}
