/** Opens what the address names, and names in the address what is open. */
import { useEditor } from "@/store/editor";
import { openNamed, openRun, openTemplate } from "@/store/files";
import { isPage, type Route, readRoute, showRoute } from "./route";

/** Done once what the address names now is open; goes on following it. */
export async function followRoute(): Promise<void> {
  await go(readRoute(window.location.hash));
  window.addEventListener("hashchange", () => void go(readRoute(window.location.hash)));
  useEditor.subscribe((now, before) => {
    if (now.name !== before.name || now.docId !== before.docId) showOpen();
  });
}

async function go(route: Route): Promise<void> {
  switch (route.kind) {
    case "workflow":
      if (route.name !== useEditor.getState().name) await openNamed(route.name);
      break;
    case "run":
      await openRun(route.id);
      break;
    case "template":
      await openTemplate(route.name);
      break;
    case "templates":
    case "library":
    case "form":
    case "sweep":
      return;
    case "canvas":
  }
  // What could not be opened must not stay in the address as if it were.
  showOpen();
}

function showOpen(): void {
  if (isPage(readRoute(window.location.hash))) return;
  const { name } = useEditor.getState();
  showRoute(name === null ? { kind: "canvas" } : { kind: "workflow", name });
}
