import { lazy, Suspense } from "react";
import { useShell } from "@/store/shell";

const SettingsDialog = lazy(async () => ({
  default: (await import("@/panels/settings/SettingsDialog")).SettingsDialog,
}));
const HelpSheet = lazy(async () => ({ default: (await import("@/panels/help/HelpSheet")).HelpSheet }));
const CommandPalette = lazy(async () => ({
  default: (await import("@/panels/palette/CommandPalette")).CommandPalette,
}));

/** The dialogs of the shell, each fetched when it is first opened. */
export function Dialogs() {
  const dialog = useShell((shell) => shell.dialog);
  return (
    <Suspense fallback={null}>
      {dialog === "settings" && <SettingsDialog />}
      {dialog === "help" && <HelpSheet />}
      {dialog === "palette" && <CommandPalette />}
    </Suspense>
  );
}
