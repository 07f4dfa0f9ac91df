import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ReplacedBadge } from "@/canvas/nodes/ReplacedBadge";
import { useViewer, type Viewed } from "@/store/viewer";
import { Picture } from "./Picture";
import type { Zooming } from "./useZoom";
import styles from "./Viewer.module.css";

interface Props {
  readonly item: Viewed;
  readonly other: Viewed | null;
  readonly zooming: Zooming;
  readonly onSize: (size: readonly [number, number]) => void;
}

/** The picture, or two under one zoom: side by side, or one upon the other with a line to slide. */
export function Stage({ item, other, zooming, onSize }: Props) {
  const { t } = useTranslation("run");
  const layout = useViewer((viewer) => viewer.layout);
  const [part, setPart] = useState(50);
  const { zoom, setZoom, stage, handlers } = zooming;
  const toggle = () => setZoom(({ scale }) => ({ scale: scale === 1 ? 3 : 1, x: 0, y: 0 }));
  const isSlider = other !== null && layout === "slider";
  return (
    <div className={styles.stage}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys and buttons of the viewer do the same */}
      <div
        ref={stage}
        className={styles.pictures}
        data-layout={other === null ? "one" : layout}
        onDoubleClick={toggle}
        {...handlers}
      >
        <div className={styles.half}>
          <Picture item={item} zoom={zoom} onSize={onSize} />
          {item.file.replaced && <ReplacedBadge />}
        </div>
        {other !== null && (
          <div className={styles.half} style={isSlider ? { clipPath: `inset(0 0 0 ${part}%)` } : {}}>
            <Picture item={other} zoom={zoom} />
            {other.file.replaced && <ReplacedBadge />}
          </div>
        )}
        {isSlider && <i className={styles.line} style={{ left: `${part}%` }} aria-hidden />}
      </div>
      {isSlider && (
        <input
          type="range"
          className={styles.slider}
          min={0}
          max={100}
          step={0.5}
          value={part}
          aria-label={t("viewer.slider")}
          onChange={(event) => setPart(Number(event.currentTarget.value))}
        />
      )}
    </div>
  );
}
