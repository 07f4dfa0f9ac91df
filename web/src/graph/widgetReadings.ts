/** Lists of values that today's order of places does not explain: older ones, and such with one value astray. */
import type { InputDef, NodeDef } from "./defs";
import type { Json } from "./json";
import { fits, hasPlace, type Place, PROMOTED, places, placesOf } from "./widgetPlaces";

/** Whose each value of a list is; null for a value that is nobody's. */
export type Reading = readonly (Place | null)[];

/** The reading that leaves the fewest values in places they do not fit; of equal ones the more usual. */
export function readingOf(def: NodeDef, values: readonly Json[]): Reading {
  let best: Reading = places(def);
  let fewest = Number.POSITIVE_INFINITY;
  for (const reading of readings(def, values)) {
    const count = misplaced(reading, values);
    if (count < fewest) [best, fewest] = [reading, count];
    if (fewest === 0) break;
  }
  return best;
}

function misplaced(reading: Reading, values: readonly Json[]): number {
  return values.filter((value, index) => {
    const place = reading[index];
    return place !== undefined && place !== null && !fits(place, value);
  }).length;
}

function* readings(def: NodeDef, { length }: readonly Json[]): Generator<Reading> {
  const usual = places(def);
  const forced = withForced(def);
  // Old clients kept a value for inputs that are sockets.
  if (forced.length === length && length !== usual.length) yield forced;
  yield usual;
  // An instance of a subgraph has one value for each widget, no extras that could be astray.
  if (usual.some(({ input }) => input.options[PROMOTED] === true)) return;
  if (length < usual.length) yield usual.filter(({ kind }) => kind !== "control" && kind !== "filter");
  const extras = usual.filter(({ kind }) => kind !== "value");
  for (const extra of extras) yield usual.filter((place) => place !== extra);
  for (const extra of extras) {
    const others = usual.filter((place) => place !== extra);
    for (let index = others.length; index >= 0; index -= 1) yield others.toSpliced(index, 0, extra);
  }
  if (length <= usual.length) return;
  for (let index = usual.length - 1; index >= 0; index -= 1) {
    yield [...usual.slice(0, index), null, ...usual.slice(index)];
  }
}

/** The places with null where a `forceInput` widget type stood in old files. */
function withForced(def: NodeDef): Reading {
  const isForced = ({ input }: Place) => input.options["forceInput"] === true;
  const isListed = ({ options, type }: InputDef) => options["forceInput"] === true && WIDGET_TYPES.has(type);
  const all = placesOf(def, (input) => hasPlace(input) || isListed(input));
  return all.map((place) => (isForced(place) ? null : place));
}
const WIDGET_TYPES = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"]);
