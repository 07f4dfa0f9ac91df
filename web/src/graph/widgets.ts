/**
 * `widgets_values` by name. Files keep the values of a node's widgets as a list without names; which place is
 * whose follows from the node's definition, with extras that no definition lists (controls, buttons).
 */
import { defaultOf, type InputDef, type NodeDef } from "./defs";
import type { NodeRecord } from "./document";
import { isObject, type Json } from "./json";

/** `value` goes to the server; the others exist for the canvas only. */
export type PlaceKind = "value" | "control" | "filter" | "button";

export interface Place {
  /** Of the input the place belongs to. */
  readonly input: InputDef;
  readonly kind: PlaceKind;
}

export type Control = "fixed" | "increment" | "decrement" | "randomize" | "increment-wrap";
export const CONTROLS: readonly Control[] = [
  "fixed",
  "increment",
  "decrement",
  "randomize",
  "increment-wrap",
];

const SEEDS = new Set(["seed", "noise_seed"]);
const UPLOADS = ["image_upload", "video_upload", "animated_image_upload"];

/** The places of a class's list, in order. */
export function places(def: NodeDef): readonly Place[] {
  const known = PLACES.get(def);
  if (known !== undefined) return known;
  const found: Place[] = [];
  for (const input of def.inputs) {
    if (input.widget === null) continue;
    found.push({ input, kind: "value" });
    if (hasControl(input)) found.push({ input, kind: "control" });
    if (input.widget === "COMBO" && hasControl(input)) found.push({ input, kind: "filter" });
  }
  const upload = def.inputs.find(isUpload);
  if (upload !== undefined) found.push({ input: upload, kind: "button" });
  PLACES.set(def, found);
  return found;
}
const PLACES = new WeakMap<NodeDef, readonly Place[]>();

/** Whether the value may change by itself after each submission. */
export function hasControl(input: InputDef): boolean {
  const option = input.options["control_after_generate"];
  if (input.widget === "COMBO") return option === true || typeof option === "string";
  if (input.widget !== "INT") return false;
  return option === true || typeof option === "string" || (SEEDS.has(input.name) && option !== false);
}

/** Whether files for it are uploaded from the canvas. */
export function isUpload(input: InputDef): boolean {
  return input.widget === "COMBO" && !input.optional && UPLOADS.some((name) => input.options[name] === true);
}

/** The values of a node's widgets by input name. */
export interface Widgets {
  readonly values: ReadonlyMap<string, Json>;
  readonly controls: ReadonlyMap<string, Control>;
  readonly filters: ReadonlyMap<string, string>;
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
  const filled = places(def).map(({ input, kind }) =>
    kind === "value" ? (given[input.name] ?? defaultOf(input)) : undefined,
  );
  return assign(places(def), filled);
}

function byPlace(node: NodeRecord, def: NodeDef): Widgets {
  const given = Array.isArray(node.values) ? node.values : [];
  const layout = fitting(given, def);
  return assign(layout.places, layout.values);
}

/** The reading of the list that leaves the fewest values in places they do not fit. */
function fitting(
  given: readonly Json[],
  def: NodeDef,
): { places: readonly Place[]; values: readonly Json[] } {
  const usual = places(def);
  const readings = [{ places: usual, values: given }];
  // Files older than controls; only if none stands where one would.
  const withoutControls = usual.filter((place) => place.kind !== "control");
  if (withoutControls.length < usual.length) readings.push({ places: withoutControls, values: given });
  readings.push({ places: usual.filter((place) => place.kind === "value"), values: given });
  // Files that hold a value for inputs that became sockets.
  const forced = withForced(def);
  if (forced !== null && given.length === forced.length) {
    const kept = given.filter((_, index) => forced[index] !== null);
    readings.push({ places: forced.filter((place) => place !== null), values: kept });
  }
  let best = readings[0] ?? { places: usual, values: given };
  let fewest = mismatches(best.places, best.values);
  for (const reading of readings.slice(1)) {
    const count = mismatches(reading.places, reading.values);
    if (count < fewest) [best, fewest] = [reading, count];
  }
  return best;
}

/** The places with null where a `forceInput` widget type stood in old files; null if the class has none. */
function withForced(def: NodeDef): (Place | null)[] | null {
  let forced = 0;
  const found: (Place | null)[] = [];
  for (const input of def.inputs) {
    const isForced = input.options["forceInput"] === true && WIDGET_TYPES.has(input.type);
    if (isForced) {
      forced += 1;
      found.push(null);
    } else found.push(...places(def).filter((place) => place.input === input && place.kind !== "button"));
  }
  found.push(...places(def).filter((place) => place.kind === "button"));
  return forced > 0 ? found : null;
}
const WIDGET_TYPES = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"]);

function mismatches(layout: readonly Place[], values: readonly Json[]): number {
  const wrong = layout.filter((place, index) => index < values.length && !fits(place, values[index] ?? null));
  return wrong.length + Math.max(0, values.length - layout.length);
}

/** Whether a value can stand in a place. A combo may name a choice that is gone, so any word does. */
export function fits({ input, kind }: Place, value: Json): boolean {
  if (kind === "control") return typeof value === "boolean" || isControl(value);
  if (kind === "filter") return typeof value === "string";
  if (kind === "button") return value === null || typeof value === "string";
  if (value === null) return true;
  switch (input.widget) {
    case "INT":
    case "FLOAT":
      return typeof value === "number";
    case "BOOLEAN":
      return typeof value === "boolean";
    case "COMBO":
      if (Array.isArray(value)) return input.options["multi_select"] === true;
      return input.choices.includes(value) || typeof value === typeof (input.choices[0] ?? "");
    default:
      return typeof value === "string";
  }
}

function assign(layout: readonly Place[], given: readonly (Json | undefined)[]): Widgets {
  const values = new Map<string, Json>();
  const controls = new Map<string, Control>();
  const filters = new Map<string, string>();
  const misfits: string[] = [];
  let button: string | null = null;
  layout.forEach((place, index) => {
    const value = given[index];
    const { name } = place.input;
    if (place.kind === "control") controls.set(name, control(value));
    else if (place.kind === "filter") filters.set(name, typeof value === "string" ? value : "");
    else if (place.kind === "button") button = typeof value === "string" ? value : null;
    else {
      if (value !== undefined && !fits(place, value)) misfits.push(name);
      const empty = value === undefined || (value === null && place.input.widget !== "COMBO");
      values.set(name, empty ? defaultOf(place.input) : value);
    }
  });
  const surplus = given.slice(layout.length).map((value) => value ?? null);
  return { values, controls, filters, button, surplus, misfits };
}

export function isControl(value: Json | undefined): value is Control {
  return CONTROLS.some((word) => word === value);
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
  const written = places(def).map(({ input, kind }): Json => {
    if (kind === "control") return widgets.controls.get(input.name) ?? "fixed";
    if (kind === "filter") return widgets.filters.get(input.name) ?? "";
    if (kind === "button") return widgets.button ?? "image";
    return widgets.values.get(input.name) ?? defaultOf(input);
  });
  return [...written, ...widgets.surplus];
}

/** The list of a node that was just added. `controls` are those of seeds: a new sampler draws a new one each time. */
export function freshValues(def: NodeDef): Json[] {
  const seeds = def.inputs.filter((input) => input.widget === "INT" && hasControl(input));
  const controls = new Map<string, Control>(seeds.map((input) => [input.name, "randomize"]));
  return listOf(def, { ...assign([], []), controls });
}
