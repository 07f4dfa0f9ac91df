/** Finding node classes by what a person types, and nodes by what is on them. */
import type { NodeDef } from "./defs";
import { EVERYDAY, everydayPlace } from "./everyday";
import { ANY, compatible } from "./types";

/** The end of a link that is to be continued: what is dragged from is an output, or an input. */
export interface Fits {
  readonly from: "output" | "input";
  readonly type: string;
}

export interface SearchOptions {
  /** Only classes with a socket for this link. */
  readonly fits?: Fits;
  /** How often each class was used: those used more come first among equals. */
  readonly uses?: ReadonlyMap<string, number>;
  /** More words for a class, such as its name in the person's language. */
  readonly alias?: (def: NodeDef) => string;
  readonly limit?: number;
}

export interface Found {
  readonly def: NodeDef;
  readonly score: number;
  /** The socket that takes the link: an input's name, or an output's index. */
  readonly socket: string | number | null;
}

/** What everyday classes are ahead: as much as the beginning of a word is of its middle, less than an exact name. */
const USUAL = 25;

/** Classes that match every word of the query, best first; all of them for an empty one. */
export function searchDefs(defs: Iterable<NodeDef>, query: string, options: SearchOptions = {}): Found[] {
  const words = wordsOf(query);
  const found: Found[] = [];
  for (const def of defs) {
    const socket = options.fits === undefined ? null : fittingSocket(def, options.fits);
    if (options.fits !== undefined && socket === null) continue;
    const score = scoreOf(def, words, options.alias?.(def) ?? "");
    if (score === null) continue;
    const bonus = Math.min(20, 4 * Math.log2(1 + (options.uses?.get(def.name) ?? 0)));
    found.push({
      def,
      socket,
      score:
        score +
        bonus +
        (everydayPlace(def.name) < EVERYDAY.length ? USUAL : 0) -
        (def.deprecated ? 30 : 0) -
        (def.experimental ? 5 : 0),
    });
  }
  found.sort((a, b) => b.score - a.score || compareTitles(a.def.title, b.def.title));
  return options.limit === undefined ? found : found.slice(0, options.limit);
}

function compareTitles(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** The socket of a class that takes a link: of the same type if there is one. Widgets come after plain sockets. */
export function fittingSocket(def: NodeDef, { from, type }: Fits): string | number | null {
  if (from === "input") {
    const types = def.outputs.map((output) => output.type);
    const index = best(types, type, (output) => compatible(output, type));
    return index < 0 ? null : index;
  }
  const inputs = def.inputs
    .filter((input) => input.options["socketless"] !== true)
    .toSorted((a, b) => Number(a.widget !== null) - Number(b.widget !== null));
  const types = inputs.map((input) => input.type);
  const index = best(types, type, (input) => compatible(type, input));
  return inputs[index]?.name ?? null;
}

function best(types: readonly string[], wanted: string, fits: (type: string) => boolean): number {
  const same = types.findIndex((type) => type.toUpperCase() === wanted.toUpperCase());
  if (same >= 0) return same;
  const other = types.findIndex((type) => type !== ANY && fits(type));
  return other >= 0 ? other : types.findIndex(fits);
}

export function wordsOf(query: string): string[] {
  return query.toLowerCase().normalize("NFKC").split(/\s+/).filter(Boolean);
}

interface Texts {
  readonly title: string;
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly initials: string;
}
const TEXTS = new WeakMap<NodeDef, Texts>();

function textsOf(def: NodeDef): Texts {
  let texts = TEXTS.get(def);
  if (texts === undefined) {
    texts = {
      title: spaced(def.title),
      name: spaced(def.name),
      category: def.category.toLowerCase(),
      description: def.description.toLowerCase(),
      initials: initials(def.title),
    };
    TEXTS.set(def, texts);
  }
  return texts;
}

function scoreOf(def: NodeDef, words: readonly string[], alias: string): number | null {
  const texts = textsOf(def);
  let sum = 0;
  for (const word of words) {
    const score = Math.max(
      match(texts.title, word),
      match(texts.name, word) - 2,
      alias === "" ? 0 : match(spaced(alias), word),
      word.length > 1 && texts.initials.startsWith(word) ? 55 : 0,
      texts.category.includes(word) ? 25 : 0,
      word.length > 2 && texts.description.includes(word) ? 12 : 0,
    );
    if (score <= 0) return null;
    sum += score;
  }
  return sum / Math.max(1, words.length);
}

/** How well a word is found in a text: as all of it, its beginning, the beginning of a word, within, or scattered. */
export function match(text: string, word: string): number {
  const joined = text.replaceAll(" ", "");
  if (text === word || joined === word) return 100;
  if (text.startsWith(word) || joined.startsWith(word)) return 85;
  const at = text.indexOf(word);
  if (at > 0) return text[at - 1] === " " ? 70 : 45;
  if (joined.includes(word)) return 40;
  return word.length < (isCjk(word) ? 2 : 4) ? 0 : scattered(joined, word);
}

/** Letters in order with gaps: the more tightly they stand, the better; nothing if they are spread too far. */
function scattered(text: string, word: string): number {
  let [at, start] = [-1, -1];
  for (const sign of word) {
    at = text.indexOf(sign, at + 1);
    if (at < 0) return 0;
    if (start < 0) start = at;
  }
  const spread = (at - start + 1) / word.length;
  return spread > 2 ? 0 : 30 / spread;
}

function isCjk(word: string): boolean {
  return /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]/.test(word);
}

/** In lower case, with spaces where words of a name meet: `CLIPTextEncode` is "clip text encode". */
export function spaced(name: string): string {
  return name
    .normalize("NFKC")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .replace(/[_\-/.():]+/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase();
}

function initials(title: string): string {
  return spaced(title)
    .split(" ")
    .map((word) => word[0] ?? "")
    .join("");
}
