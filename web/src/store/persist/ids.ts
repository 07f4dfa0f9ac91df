/** Random ids. `crypto.randomUUID` is missing where the page is not served securely, as within most homes. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
