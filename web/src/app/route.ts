/** Places of the canvas that can be linked to, in the hash of the address. */
export type Route =
  | { readonly kind: "canvas" }
  | { readonly kind: "workflow"; readonly name: string }
  | { readonly kind: "run"; readonly id: string }
  | { readonly kind: "templates" }
  | { readonly kind: "template"; readonly name: string }
  | { readonly kind: "library" }
  /** A published function as a form: NAME or NAME@REF, and the values that stand in it. */
  | { readonly kind: "form"; readonly reference: string; readonly query: string }
  | { readonly kind: "sweep"; readonly id: string };

export function readRoute(hash: string): Route {
  const [kind, ...rest] = hash.replace(/^#\/?/, "").split("/");
  if (kind === "form") return readForm(rest.join("/"));
  const name = decode(rest.join("/"));
  if (kind === "workflow" && name !== "") return { kind, name };
  if (kind === "run" && name !== "") return { kind, id: name };
  if (kind === "template" && name !== "") return { kind, name };
  if (kind === "sweep" && name !== "") return { kind, id: name };
  if (kind === "templates" || kind === "library") return { kind };
  return { kind: "canvas" };
}

export function hashOf(route: Route): string {
  switch (route.kind) {
    case "workflow":
      return `#/workflow/${encode(route.name)}`;
    case "run":
      return `#/run/${encode(route.id)}`;
    case "template":
      return `#/template/${encode(route.name)}`;
    case "form":
      return `#/form/${encode(route.reference)}${route.query === "" ? "" : `?${route.query}`}`;
    case "sweep":
      return `#/sweep/${encode(route.id)}`;
    case "templates":
    case "library":
      return `#/${route.kind}`;
    case "canvas":
      return "#/";
  }
}

/** Pages of their own, without the canvas. */
export function isPage(route: Route): boolean {
  return route.kind === "form" || route.kind === "sweep";
}

function readForm(rest: string): Route {
  const at = rest.indexOf("?");
  const reference = decode(at < 0 ? rest : rest.slice(0, at));
  if (reference === "") return { kind: "canvas" };
  return { kind: "form", reference, query: at < 0 ? "" : rest.slice(at + 1) };
}

/** Go there; the way back leads to where one was. */
export function navigate(route: Route): void {
  const hash = hashOf(route);
  if (window.location.hash !== hash) window.location.hash = hash;
}

/** Say in the address where one is, without a step in the browser's history. */
export function showRoute(route: Route): void {
  const hash = hashOf(route);
  if (window.location.hash === hash) return;
  window.history.replaceState(window.history.state, "", hash);
  // The browser does not say so itself.
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Folders stay readable in the address. */
function encode(name: string): string {
  return name
    .split("/")
    .map((part) => encodeURIComponent(part).replaceAll("%40", "@"))
    .join("/");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign that somebody typed.
    return text;
  }
}
