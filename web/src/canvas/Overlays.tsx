import { Suspense, useEffect } from "react";
import { later } from "@/api/parts";
import { WireOverlay } from "./links/WireOverlay";
import { useMenu } from "./menus/menu";
import { usePalette } from "./palette";
import { BoxOverlay } from "./pane/BoxOverlay";
import { Clipboard } from "./pane/Clipboard";
import { useCanvas } from "./state";
import { TipOverlay } from "./TipOverlay";
import { useChoices } from "./widgets/choices";
import { useWirePicker } from "./wiring/picker";

const Choices = later(() => import("./widgets/Choices"), "Choices");
const fetchPalette = () => import("./palette/Palette");
const Palette = later(fetchPalette, "Palette");
const ContextMenu = later(() => import("./menus/ContextMenu"), "ContextMenu");
const Minimap = later(() => import("./minimap/Minimap"), "Minimap");
const WirePicker = later(() => import("./wiring/WirePicker"), "WirePicker");

/** What lies above the graph; the parts nobody sees at first are fetched when they are asked for. */
export function Overlays() {
  const hasChoices = useChoices((state) => state.asked !== null);
  const hasPalette = usePalette((state) => state.asked !== null);
  const hasMenu = useMenu((state) => state.asked !== null);
  const hasPicker = useWirePicker((state) => state.from !== null);
  // The one part that must be there at once when it is asked for.
  useEffect(() => {
    const waiting = setTimeout(() => void fetchPalette().catch(() => {}), 1_000);
    return () => clearTimeout(waiting);
  }, []);
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
