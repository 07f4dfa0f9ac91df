import { lazy, Suspense } from "react";
import { WireOverlay } from "./links/WireOverlay";
import { useMenu } from "./menus/menu";
import { usePalette } from "./palette";
import { BoxOverlay } from "./pane/BoxOverlay";
import { Clipboard } from "./pane/Clipboard";
import { useCanvas } from "./state";
import { TipOverlay } from "./TipOverlay";
import { useChoices } from "./widgets/choices";
import { useWirePicker } from "./wiring/picker";

const Choices = lazy(async () => ({ default: (await import("./widgets/Choices")).Choices }));
const Palette = lazy(async () => ({ default: (await import("./palette/Palette")).Palette }));
const ContextMenu = lazy(async () => ({ default: (await import("./menus/ContextMenu")).ContextMenu }));
const Minimap = lazy(async () => ({ default: (await import("./minimap/Minimap")).Minimap }));
const WirePicker = lazy(async () => ({ default: (await import("./wiring/WirePicker")).WirePicker }));

/** What lies above the graph; the parts nobody sees at first are fetched when they are asked for. */
export function Overlays() {
  const hasChoices = useChoices((state) => state.asked !== null);
  const hasPalette = usePalette((state) => state.asked !== null);
  const hasMenu = useMenu((state) => state.asked !== null);
  const hasPicker = useWirePicker((state) => state.from !== null);
  const hasMinimap = useCanvas((state) => state.minimap);
  return (
    <>
      <WireOverlay />
      <BoxOverlay />
      <TipOverlay />
      <Clipboard />
      <Suspense fallback={null}>
        {hasMinimap && <Minimap />}
        {hasChoices && <Choices />}
        {hasPalette && <Palette />}
        {hasMenu && <ContextMenu />}
        {hasPicker && <WirePicker />}
      </Suspense>
    </>
  );
}
