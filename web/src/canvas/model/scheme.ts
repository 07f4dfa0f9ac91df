/** Whether text on a colour of a file has to be light or dark. */
const HEX = /^#(?:([\da-f])([\da-f])([\da-f])|([\da-f]{2})([\da-f]{2})([\da-f]{2}))/i;

/** The colour scheme that reads well on it; undefined for colours that are not written in hexadecimal. */
export function schemeOn(colour: string | null): "dark" | "light" | undefined {
  const found = colour === null ? null : HEX.exec(colour);
  if (found === null) return undefined;
  const [red, green, blue] = found
    .slice(1)
    .filter((part) => part !== undefined)
    .map((part) => Number.parseInt(part.length === 1 ? part + part : part, 16));
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 140 ? "dark" : "light";
}
