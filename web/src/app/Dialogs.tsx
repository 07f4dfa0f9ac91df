import { Suspense } from "react";
import { later } from "@/api/parts";
import { useUpgrade } from "@/store/functions/classes";
import { useShell } from "@/store/shell";
import { useViewer } from "@/store/viewer";

const SettingsDialog = later(() => import("@/panels/settings/SettingsDialog"), "SettingsDialog");
const HelpSheet = later(() => import("@/panels/help/HelpSheet"), "HelpSheet");
const CommandPalette = later(() => import("@/panels/palette/CommandPalette"), "CommandPalette");
const UpgradeDialog = later(() => import("@/panels/functions/UpgradeDialog"), "UpgradeDialog");
const Viewer = later(() => import("@/panels/gallery/Viewer"), "Viewer");

/** The dialogs of the shell, each fetched when it is first opened. */
export function Dialogs() {
  const dialog = useShell((shell) => shell.dialog);
  const isUpgrading = useUpgrade(({ asked }) => asked !== null);
  const isViewing = useViewer((viewer) => viewer.items.length > 0);
  return (
    <Suspense fallback={null}>
      {dialog === "settings" && <SettingsDialog />}
      {dialog === "help" && <HelpSheet />}
      {dialog === "palette" && <CommandPalette />}
      {isViewing && <Viewer />}
      {isUpgrading && <UpgradeDialog />}
    </Suspense>
  );
}
