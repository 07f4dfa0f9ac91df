import { Button, Group, Modal, SegmentedControl, Slider } from "@mantine/core";
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import type { FileRef } from "@/store/runs";
import styles from "./MaskPainter.module.css";
import { drawStrokes, maskFile, type Stroke } from "./strokes";

interface Props {
  readonly picture: FileRef;
  readonly onDone: (mask: File) => void;
  readonly onClose: () => void;
}

/** Paints a mask over the picture it is for. */
export function MaskPainter({ picture, onDone, onClose }: Props) {
  const { t } = useTranslation("functions");
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<readonly [number, number] | null>(null);
  const [strokes, setStrokes] = useState<readonly Stroke[]>([]);
  const [isErasing, setErasing] = useState(false);
  /** In hundredths of the picture's longer side. */
  const [brush, setBrush] = useState(10);
  const [isDrawing, setDrawing] = useState(false);

  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context == null || size === null) return;
    context.clearRect(0, 0, ...size);
    drawStrokes(context, strokes, "#fff");
  }, [strokes, size]);

  const at = (event: PointerEvent<HTMLCanvasElement>): readonly [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    const { width, height } = event.currentTarget;
    return [
      ((event.clientX - box.left) / box.width) * width,
      ((event.clientY - box.top) / box.height) * height,
    ];
  };
  const begin = (event: PointerEvent<HTMLCanvasElement>) => {
    if (event.button !== 0 || size === null) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrawing(true);
    setStrokes([...strokes, { points: [at(event)], size: (Math.max(...size) * brush) / 100, isErasing }]);
  };
  const go = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!isDrawing) return;
    const point = at(event);
    setStrokes((before) => {
      const last = before.at(-1);
      return last === undefined
        ? before
        : [...before.slice(0, -1), { ...last, points: [...last.points, point] }];
    });
  };
  const finish = async () => {
    if (size !== null) onDone(await maskFile(strokes, ...size));
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t("mask.title")}
      closeButtonProps={{ "aria-label": t("release.close") }}
    >
      <p className={styles.hint}>{t("mask.hint")}</p>
      <div className={styles.stage}>
        <img
          src={viewUrl(picture)}
          alt={picture.filename}
          draggable={false}
          onLoad={({ currentTarget }) => setSize([currentTarget.naturalWidth, currentTarget.naturalHeight])}
        />
        <canvas
          ref={canvas}
          width={size?.[0] ?? 1}
          height={size?.[1] ?? 1}
          data-testid="mask-canvas"
          onPointerDown={begin}
          onPointerMove={go}
          onPointerUp={() => setDrawing(false)}
          onPointerCancel={() => setDrawing(false)}
        />
      </div>
      <div className={styles.tools}>
        <SegmentedControl
          size="xs"
          aria-label={t("mask.tool")}
          data={[
            { value: "paint", label: t("mask.paint") },
            { value: "erase", label: t("mask.erase") },
          ]}
          value={isErasing ? "erase" : "paint"}
          onChange={(tool) => setErasing(tool === "erase")}
        />
        <Slider
          className={styles.size ?? ""}
          min={1}
          max={40}
          value={brush}
          onChange={setBrush}
          label={null}
          thumbLabel={t("mask.size")}
        />
        <Button
          size="xs"
          variant="default"
          disabled={strokes.length === 0}
          onClick={() => setStrokes(strokes.slice(0, -1))}
        >
          {t("mask.undo")}
        </Button>
        <Button size="xs" variant="default" disabled={strokes.length === 0} onClick={() => setStrokes([])}>
          {t("mask.clear")}
        </Button>
      </div>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          {t("mask.cancel")}
        </Button>
        <Button disabled={strokes.length === 0} onClick={() => void finish()} data-testid="mask-done">
          {t("mask.done")}
        </Button>
      </Group>
    </Modal>
  );
}
