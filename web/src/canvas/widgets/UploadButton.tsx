import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { InputDef } from "@/graph/defs";
import type { NodeKey } from "@/graph/document";
import { uploadInto } from "../actions/upload";
import styles from "./widget.module.css";

interface Props {
  readonly node: NodeKey;
  readonly input: InputDef;
}

/** Chooses a file of this computer for a node. Dropping one on the node and pasting one do the same. */
export function UploadButton({ node, input }: Props) {
  const { t } = useTranslation("canvas");
  const picker = useRef<HTMLInputElement>(null);
  const isVideo = input.options["video_upload"] === true;
  return (
    <>
      <button type="button" className={styles.box} onClick={() => picker.current?.click()}>
        <span className={styles.value} style={{ textAlign: "center" }}>
          {t("widget.upload")}
        </span>
      </button>
      <input
        ref={picker}
        type="file"
        hidden
        tabIndex={-1}
        accept={isVideo ? "video/*,image/gif,image/webp" : "image/*"}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) void uploadInto(node, file);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
