/** What panels show, fetched when one is first opened. */
import type { ComponentType } from "react";
import { later } from "@/api/parts";
import type { PanelId } from "@/store/shell";

export const PANEL_CONTENTS: Readonly<Record<PanelId, ComponentType>> = {
  workflows: later(() => import("@/panels/workflows/WorkflowsPanel"), "WorkflowsPanel"),
  versions: later(() => import("@/panels/versions/VersionsPanel"), "VersionsPanel"),
  outline: later(() => import("@/panels/outline/OutlinePanel"), "OutlinePanel"),
  models: later(() => import("@/panels/models/ModelsPanel"), "ModelsPanel"),
  queue: later(() => import("@/panels/queue/QueuePanel"), "QueuePanel"),
  history: later(() => import("@/panels/history/HistoryPanel"), "HistoryPanel"),
  gallery: later(() => import("@/panels/gallery/GalleryPanel"), "GalleryPanel"),
  node: later(() => import("@/panels/node/NodePanel"), "NodePanel"),
  problems: later(() => import("@/panels/problems/ProblemsPanel"), "ProblemsPanel"),
  missing: later(() => import("@/panels/missing/MissingPanel"), "MissingPanel"),
  publish: later(() => import("@/panels/functions/PublishPanel"), "PublishPanel"),
};

export const TemplatesPage = later(() => import("@/panels/templates/TemplatesPage"), "TemplatesPage");
