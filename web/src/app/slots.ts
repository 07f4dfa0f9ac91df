/** What others build, fetched when it is first shown. */
import { type ComponentType, lazy } from "react";
import type { PanelId } from "@/store/shell";

type Loader = () => Promise<Record<string, ComponentType>>;
const FILES: Record<string, Loader> = import.meta.glob<Record<string, ComponentType>>([
  "../canvas/Canvas.tsx",
  "../panels/*/*Panel.tsx",
  "../panels/run/RunBar.tsx",
  "../panels/templates/TemplatesPage.tsx",
]);

function slot(path: string, name: string) {
  return lazy(async () => {
    const made = (await FILES[path]?.())?.[name];
    return { default: made ?? (() => null) };
  });
}

export const Canvas = slot("../canvas/Canvas.tsx", "Canvas");
export const TemplatesPage = slot("../panels/templates/TemplatesPage.tsx", "TemplatesPage");
export const RunBar = slot("../panels/run/RunBar.tsx", "RunBar");

export const PANEL_CONTENTS: Readonly<Record<PanelId, ComponentType>> = {
  workflows: slot("../panels/workflows/WorkflowsPanel.tsx", "WorkflowsPanel"),
  outline: slot("../panels/outline/OutlinePanel.tsx", "OutlinePanel"),
  models: slot("../panels/models/ModelsPanel.tsx", "ModelsPanel"),
  queue: slot("../panels/queue/QueuePanel.tsx", "QueuePanel"),
  history: slot("../panels/history/HistoryPanel.tsx", "HistoryPanel"),
  gallery: slot("../panels/gallery/GalleryPanel.tsx", "GalleryPanel"),
  problems: slot("../panels/problems/ProblemsPanel.tsx", "ProblemsPanel"),
  missing: slot("../panels/missing/MissingPanel.tsx", "MissingPanel"),
};
