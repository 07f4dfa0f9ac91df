/** What is open around the canvas: the panel at the side and the dialogs. */
import { create } from "zustand";

export const PANELS = [
  "workflows",
  "versions",
  "outline",
  "models",
  "queue",
  "history",
  "gallery",
  "node",
  "problems",
  "missing",
  "publish",
] as const;
export type PanelId = (typeof PANELS)[number];
export type DialogId = "settings" | "help" | "palette";

interface Shell {
  readonly panel: PanelId | null;
  /** Of the panel, in pixels. */
  readonly width: number;
  readonly dialog: DialogId | null;
  /** How often the outline was asked to be searched: its field takes the keyboard each time. */
  readonly searches: number;
}

export const PANEL_WIDTH = { min: 240, initial: 340, max: 900 } as const;
const KEPT = "darkroom:shell";

export const useShell = create<Shell>(() => ({ ...remembered(), dialog: null, searches: 0 }));

export function showPanel(panel: PanelId | null): void {
  useShell.setState({ panel });
  remember();
}

/** Find a node of the graph on screen by its name. */
export function searchOutline(): void {
  useShell.setState(({ searches }) => ({ searches: searches + 1 }));
  showPanel("outline");
}

/** Show it, or close it if it is what is shown. */
export function togglePanel(panel: PanelId): void {
  showPanel(useShell.getState().panel === panel ? null : panel);
}

export function setPanelWidth(width: number): void {
  useShell.setState({ width: Math.min(PANEL_WIDTH.max, Math.max(PANEL_WIDTH.min, Math.round(width))) });
  remember();
}

export function showDialog(dialog: DialogId | null): void {
  useShell.setState({ dialog });
}

function remembered(): Pick<Shell, "panel" | "width"> {
  try {
    const kept: unknown = JSON.parse(globalThis.localStorage?.getItem(KEPT) ?? "null");
    if (typeof kept === "object" && kept !== null && "panel" in kept && "width" in kept) {
      const panel = PANELS.find((one) => one === kept.panel) ?? null;
      const width = typeof kept.width === "number" ? kept.width : PANEL_WIDTH.initial;
      return { panel, width };
    }
  } catch {
    // What cannot be read is forgotten.
  }
  return { panel: null, width: PANEL_WIDTH.initial };
}

function remember(): void {
  const { panel, width } = useShell.getState();
  try {
    globalThis.localStorage?.setItem(KEPT, JSON.stringify({ panel, width }));
  } catch {
    // Storage is full or forbidden: it holds until the page is closed.
  }
}
