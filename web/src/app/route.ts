/** Places of the canvas that can be linked to, in the hash of the address. */
export type Route =
  | { readonly kind: "canvas" }
  | { readonly kind: "workflow"; readonly name: string }
  | { readonly kind: "run"; readonly id: string }
  | { readonly kind: "templates" }
  | { readonly kind: "template"; readonly name: string };

export function readRoute(hash: string): Route {
  const [kind, ...rest] = hash.replace(/^#\/?/, "").split("/");
  const name = decode(rest.join("/"));
  if (kind === "workflow" && name !== "") return { kind, name };
  if (kind === "run" && name !== "") return { kind, id: name };
  if (kind === "template" && name !== "") return { kind, name };
  if (kind === "templates") return { kind };
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
    case "templates":
      return "#/templates";
    case "canvas":
      return "#/";
  }
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
  return name.split("/").map(encodeURIComponent).join("/");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign that somebody typed.
    return text;
  }
}
