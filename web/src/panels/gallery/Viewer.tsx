import { Modal } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import { closeViewer, step, toggleCompare, useViewer } from "@/store/viewer";
import { FactsPane } from "./FactsPane";
import { Stage } from "./Stage";
import { useZoom } from "./useZoom";
import styles from "./Viewer.module.css";
import { ViewerBar } from "./ViewerBar";
import { actualScale, FITTED, zoomed } from "./zoom";

/** Pictures large, one at a time or two together, over everything else. */
export function Viewer() {
  const { t } = useTranslation("run");
  const { items, index, other, showsFacts } = useViewer();
  const item = items[index];
  const second = other === null ? null : (items[other] ?? null);
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);
  // While two are compared, the zoom stays when the other one changes.
  const zooming = useZoom(item === undefined ? "" : viewUrl(item.file));
  const { setZoom, stage } = zooming;
  const actual = () => {
    const box = stage.current?.getBoundingClientRect();
    if (box) setZoom(() => ({ ...FITTED, scale: actualScale(size, [box.width, box.height]) }));
  };
  const actions: Readonly<Record<string, () => void>> = {
    arrowleft: () => step(-1),
    arrowright: () => step(1),
    "+": () => setZoom((zoom) => zoomed(zoom, 1.25)),
    "=": () => setZoom((zoom) => zoomed(zoom, 1.25)),
    "-": () => setZoom((zoom) => zoomed(zoom, 0.8)),
    "0": () => setZoom(() => FITTED),
    "1": actual,
    c: toggleCompare,
    i: () => useViewer.setState({ showsFacts: !showsFacts }),
    s: () => useViewer.setState(({ layout }) => ({ layout: layout === "side" ? "slider" : "side" })),
  };
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement && event.key.startsWith("Arrow")) return;
    const action = actions[event.key.toLowerCase()];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  return (
    <Modal.Root
      opened={item !== undefined}
      onClose={closeViewer}
      fullScreen
      padding={0}
      transitionProps={{ duration: 0 }}
    >
      <Modal.Content className={styles.content ?? ""} aria-label={t("viewer.title")}>
        <Modal.Body className={styles.viewer ?? ""}>
          {item !== undefined && (
            // biome-ignore lint/a11y/noStaticElementInteractions: hears keys from whatever in it has the keyboard
            <div className={styles.frame} data-testid="viewer" onKeyDown={keys}>
              <ViewerBar
                item={item}
                size={size}
                onFit={() => setZoom(() => FITTED)}
                onActual={actual}
                onZoom={(factor) => setZoom((zoom) => zoomed(zoom, factor))}
              />
              <div className={styles.body}>
                <Stage item={item} other={second} zooming={zooming} onSize={setSize} />
                {showsFacts && <FactsPane item={item} other={second} />}
              </div>
            </div>
          )}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
