/** Keys typed before what they are meant for is there: fetched, drawn, given the keyboard. */

/** In milliseconds. What takes longer does not come, and the keys are the page's again. */
const MOST = 3000;

let typed = "";
let timer = 0;

/** Keep what is typed from now on. */
export function keepTyped(): void {
  typed = "";
  window.clearTimeout(timer);
  timer = window.setTimeout(takeTyped, MOST);
  window.addEventListener("keydown", keep, true);
}

/** What was typed in the meantime; the keys go where the keyboard is again. */
export function takeTyped(): string {
  if (timer === 0) return "";
  window.clearTimeout(timer);
  window.removeEventListener("keydown", keep, true);
  timer = 0;
  const text = typed;
  typed = "";
  return text;
}

function keep(event: KeyboardEvent): void {
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  typed += event.key;
}
