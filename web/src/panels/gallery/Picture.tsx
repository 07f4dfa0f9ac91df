import { Anchor, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import type { Viewed } from "@/store/viewer";
import { mediaOf } from "./media";
import styles from "./Viewer.module.css";
import type { Zoom } from "./zoom";

interface Props {
  readonly item: Viewed;
  readonly zoom: Zoom;
  readonly onSize?: (size: readonly [number, number]) => void;
}

/** One file as large as it fits, moved and scaled. */
export function Picture({ item: { file }, zoom, onSize }: Props) {
  const { t } = useTranslation("run");
  const [broken, setBroken] = useState<string | null>(null);
  const url = viewUrl(file);
  const media = mediaOf(file.filename);
  if (media === "video") {
    return (
      // biome-ignore lint/a11y/useMediaCaption: what a model made has no captions
      <video className={styles.picture} src={url} controls loop aria-label={file.filename} />
    );
  }
  if (media === "audio") {
    return (
      // biome-ignore lint/a11y/useMediaCaption: what a model made has no captions
      <audio src={url} controls aria-label={file.filename} />
    );
  }
  if (media === "other" || broken === url) {
    return (
      <Text>
        {broken === url ? t("viewer.gone") : t("viewer.noPicture")}{" "}
        <Anchor href={url} download={file.filename}>
          {file.filename}
        </Anchor>
      </Text>
    );
  }
  return (
    <img
      className={styles.picture}
      src={url}
      alt={file.filename}
      draggable={false}
      data-sharp={zoom.scale > 2 || undefined}
      style={{ transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` }}
      onLoad={({ currentTarget }) => onSize?.([currentTarget.naturalWidth, currentTarget.naturalHeight])}
      onError={() => setBroken(url)}
    />
  );
}
