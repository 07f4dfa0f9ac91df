/** Prompts that differ from run to run: comments go, `{a|b}` becomes one of its alternatives. */

const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*/g;

/** `random` gives numbers from 0 to below 1. Alternatives nest; `\{`, `\}` and `\|` are meant literally. */
export function dynamicPrompt(text: string, random: () => number): string {
  return plainParts(text.replace(COMMENTS, ""), random);
}

function plainParts(text: string, random: () => number): string {
  let written = "";
  for (let at = 0; at < text.length; ) {
    const sign = text[at] ?? "";
    const next = text[at + 1] ?? "";
    if (sign === "\\" && (next === "{" || next === "}" || next === "|")) {
      written += next;
      at += 2;
      continue;
    }
    const group = sign === "{" ? readGroup(text, at) : null;
    if (group === null) {
      written += sign;
      at += 1;
      continue;
    }
    const { alternatives, end } = group;
    written += plainParts(alternatives[Math.floor(random() * alternatives.length)] ?? "", random);
    at = end;
  }
  return written;
}

/** The alternatives of the group that opens at `start`; null if nothing closes it. */
function readGroup(text: string, start: number): { alternatives: string[]; end: number } | null {
  const alternatives: string[] = [];
  let [depth, from] = [0, start + 1];
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === "\\") at += 1;
    else if (sign === "{") depth += 1;
    else if (sign === "|" && depth === 1) {
      alternatives.push(text.slice(from, at));
      from = at + 1;
    } else if (sign === "}") {
      depth -= 1;
      if (depth === 0) return { alternatives: [...alternatives, text.slice(from, at)], end: at + 1 };
    }
  }
  return null;
}
