/** The places of `widgets_values`: which value of a class's list is whose, and what can stand there. */
import { type InputDef, type NodeDef, takesMany } from "./defs";
import { isObject, type Json, same } from "./json";

/** `value` goes to the server; the others exist for the canvas only, `hidden` ones for that of ComfyUI. */
export type PlaceKind = "value" | "control" | "filter" | "hidden" | "button";

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

/** Types for which code in ComfyUI's browser makes a widget. Here they are sockets, with a value in the list. */
const FOREIGN = new Set([
  ...[
    "WEBCAM",
    "MARKDOWN",
    "LOAD_3D",
    "LOAD_3D_ANIMATION",
    "PREVIEW_3D",
    "PREVIEW_3D_ANIMATION",
    "LOADAUDIO",
  ],
]);
/** Of these the value, a button's or a viewer's, is never sent. */
const BUTTONS = new Set(["IMAGEUPLOAD", "AUDIOUPLOAD", "AUDIO_UI"]);
const SEEDS = new Set(["seed", "noise_seed"]);
const UPLOADS = ["image_upload", "video_upload", "animated_image_upload"];

/** The option that marks a widget of a subgraph's instance: it has the value alone, the extras are inside. */
export const PROMOTED = "promoted";

/** The places of a class's list, in order. */
export function places(def: NodeDef): readonly Place[] {
  const known = PLACES.get(def);
  if (known !== undefined) return known;
  const found = placesOf(def, hasPlace);
  PLACES.set(def, found);
  return found;
}
const PLACES = new WeakMap<NodeDef, readonly Place[]>();

/** Whether the list has a value for the input. */
export function hasPlace(input: InputDef): boolean {
  if (input.widget !== null) return true;
  const type = foreignType(input);
  return input.options["forceInput"] !== true && (FOREIGN.has(type) || BUTTONS.has(type));
}

function foreignType({ options, type }: InputDef): string {
  return typeof options["widgetType"] === "string" ? options["widgetType"] : type;
}

/** The places if the list holds a value for the inputs chosen. */
export function placesOf(def: NodeDef, isListed: (input: InputDef) => boolean): Place[] {
  const found = def.inputs.filter(isListed).flatMap((input) => {
    const isButton = input.widget === null && BUTTONS.has(foreignType(input));
    const kinds: PlaceKind[] = [isButton ? "hidden" : "value", ...extrasOf(input)];
    return kinds.map((kind): Place => ({ input, kind }));
  });
  const upload = def.inputs.find(isUpload);
  return upload === undefined ? found : [...found, { input: upload, kind: "button" }];
}

function extrasOf(input: InputDef): PlaceKind[] {
  if (input.widget === null || input.options[PROMOTED] === true) return [];
  const control: PlaceKind[] = input.widget === "COMBO" ? ["control", "filter"] : ["control"];
  // Whether the choices of a server elsewhere refresh by themselves, and the button that does it at once.
  const refresh: PlaceKind[] = ["hidden", "hidden"];
  return [...(hasControl(input) ? control : []), ...(isObject(input.options["remote"]) ? refresh : [])];
}

/** Whether a node shows a row for the place. */
export function isShown({ input, kind }: Place): boolean {
  return kind !== "filter" && kind !== "hidden" && input.widget !== null;
}

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

export function isControl(value: Json | undefined): value is Control {
  return CONTROLS.some((word) => word === value);
}

/** Whether a value can stand in a place. Null is a value nobody gave, or a number that was none. */
export function fits({ input, kind }: Place, value: Json): boolean {
  if (value === null) return true;
  if (kind === "control") return typeof value === "boolean" || isControl(value);
  if (kind === "hidden") return typeof value === "boolean" || typeof value === "string";
  if (kind !== "value") return typeof value === "string";
  switch (input.widget) {
    case "INT":
      return Number.isInteger(value);
    case "FLOAT":
      return typeof value === "number";
    case "BOOLEAN":
      return typeof value === "boolean";
    case "COMBO":
      return fitsChoices(input, value);
    case null:
      return true;
    default:
      return typeof value === "string";
  }
}

/** A choice that is gone is kept, so anything like the choices does; a control's word stands one place too early. */
function fitsChoices(input: InputDef, value: Json): boolean {
  const { choices } = input;
  if (choices.some((choice) => same(choice, value))) return true;
  if (Array.isArray(value)) return takesMany(input);
  if (isControl(value)) return false;
  return choices.length === 0 || choices.some((choice) => typeof choice === typeof value);
}
