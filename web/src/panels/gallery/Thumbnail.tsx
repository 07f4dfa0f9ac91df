import { IconFile, IconMusic, IconVideo } from "@tabler/icons-react";
import { viewUrl } from "@/api/client";
import type { FileRef } from "@/store/runs";
import styles from "./Gallery.module.css";
import { mediaOf } from "./media";

/** A file small, loaded when it comes into sight. What is no picture shows its kind. */
export function Thumbnail({ file }: { readonly file: FileRef }) {
  switch (mediaOf(file.filename)) {
    case "image":
      return (
        <img className={styles.image} src={viewUrl(file, "webp;75")} alt="" loading="lazy" decoding="async" />
      );
    case "video":
      return <IconVideo className={styles.icon} aria-hidden />;
    case "audio":
      return <IconMusic className={styles.icon} aria-hidden />;
    default:
      return <IconFile className={styles.icon} aria-hidden />;
  }
}
