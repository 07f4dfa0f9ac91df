/** Opens what the address names, and names in the address what is open. */
import { useEditor } from "@/store/editor";
import { type Route, readRoute, showRoute } from "./route";

interface Files {
  readonly openNamed: (name: string) => Promise<void>;
  readonly openRun: (id: string) => Promise<void>;
  readonly openText: (text: string, fileName: string) => Promise<void>;
}
const FILES = import.meta.glob<Files>("../store/files.ts");

/** Done once what the address names now is open; goes on following it. */
export async function followRoute(): Promise<void> {
  await go(readRoute(window.location.hash));
  window.addEventListener("hashchange", () => void go(readRoute(window.location.hash)));
  useEditor.subscribe(({ name }, before) => {
    if (name === before.name) return;
    showRoute(name === null ? { kind: "canvas" } : { kind: "workflow", name });
  });
}

async function go(route: Route): Promise<void> {
  const files = await FILES["../store/files.ts"]?.();
  if (files === undefined) return;
  if (route.kind === "workflow" && route.name !== useEditor.getState().name)
    await files.openNamed(route.name);
  if (route.kind === "run") await files.openRun(route.id);
}
