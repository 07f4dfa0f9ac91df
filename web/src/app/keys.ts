/** Keys as commands write them: `mod+shift+Z`, `Delete`, `?`. `mod` is ⌘ on a Mac and Ctrl elsewhere. */

export interface KeyPress {
  readonly key: string;
  /** Where the key is, whatever the layout writes there. */
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

interface Combo {
  readonly mod: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  readonly key: string;
}

const PARSED = new Map<string, Combo>();

export function parseKeys(keys: string): Combo {
  const known = PARSED.get(keys);
  if (known !== undefined) return known;
  const parts = keys === "+" ? ["+"] : keys.toLowerCase().split("+");
  const key = parts.at(-1) || "+";
  const has = (word: string) => parts.slice(0, -1).includes(word);
  const combo = { mod: has("mod"), alt: has("alt"), shift: has("shift"), key: NAMES[key] ?? key };
  PARSED.set(keys, combo);
  return combo;
}
const NAMES: Readonly<Record<string, string>> = { space: " ", esc: "escape", plus: "+" };

export function pressed(press: KeyPress, keys: string): boolean {
  const combo = parseKeys(keys);
  if ((press.ctrlKey || press.metaKey) !== combo.mod || press.altKey !== combo.alt) return false;
  // Shift is how most layouts write `?` and the like: there the sign itself is what counts.
  if (!isSign(combo.key) && press.shiftKey !== combo.shift) return false;
  return letters(press).includes(combo.key);
}

/** The key by what it writes and, so that Cyrillic or Greek layouts and Alt on a Mac work, by where it is. */
function letters({ key, code }: KeyPress): string[] {
  const written = key.toLowerCase();
  const place = /^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase();
  const isLatin = /^[\x20-\x7e]$/.test(written);
  return place !== undefined && !isLatin ? [written, place] : [written];
}

function isSign(key: string): boolean {
  return key.length === 1 && !/[a-z0-9 ]/.test(key);
}

/** Keys for people, part by part. */
export function keyCaps(keys: string, isMac: boolean): string[] {
  const { mod, alt, shift, key } = parseKeys(keys);
  const caps = [
    ...(mod ? [isMac ? "⌘" : "Ctrl"] : []),
    ...(alt ? [isMac ? "⌥" : "Alt"] : []),
    ...(shift ? [isMac ? "⇧" : "Shift"] : []),
  ];
  return [
    ...caps,
    CAPS[key] ?? (key.length === 1 ? key.toUpperCase() : key[0]?.toUpperCase() + key.slice(1)),
  ];
}
const CAPS: Readonly<Record<string, string>> = {
  " ": "Space",
  arrowup: "↑",
  arrowdown: "↓",
  arrowleft: "←",
  arrowright: "→",
  escape: "Esc",
  delete: "Del",
  pageup: "PgUp",
  pagedown: "PgDn",
};

export const IS_MAC = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");
