import { CloseButton, Input, Loader } from "@mantine/core";
import { IconPhotoUp } from "@tabler/icons-react";
import { type DragEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import { isObject, type Json } from "@/graph/json";
import { uploadPicture } from "@/store/functions/server";
import type { FileRef } from "@/store/runs";
import type { Common } from "./FieldControl";
import styles from "./FormPage.module.css";
import type { FileField } from "./fields";

interface Props extends Common {
  readonly field: FileField;
  readonly value: Json | undefined;
  readonly onChange: (value: Json | undefined) => void;
}

/** A picture of this computer: chosen, dropped or pasted. It is uploaded at once and shown. */
export function FileControl({ field, value, onChange, onBlur, ...common }: Props) {
  const { t } = useTranslation("functions");
  const id = useId();
  const picker = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const shown = fileOf(value);

  const take = async (file: File | null | undefined) => {
    if (file == null) return;
    if (!file.type.startsWith("image/")) return setFailure(t("form.noPicture", { name: file.name }));
    setSending(true);
    setFailure(null);
    try {
      onChange(await uploadPicture(file));
    } catch (error) {
      setFailure(
        t("form.notUploaded", { name: file.name, reason: error instanceof Error ? error.message : "" }),
      );
    } finally {
      setSending(false);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  const error = failure ?? common.error;
  return (
    <Input.Wrapper {...common} error={error} labelElement="label" labelProps={{ htmlFor: id }}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the field within does the same by keyboard */}
      <div
        className={styles.drop}
        data-over={isOver || undefined}
        data-trouble={error !== null || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        onPaste={(event) => void take([...event.clipboardData.files][0])}
      >
        {shown === null ? (
          <span className={styles.dropHint} aria-hidden>
            {isSending ? <Loader size="sm" /> : <IconPhotoUp size={28} stroke={1.3} />}
            {t(field.isMask ? "form.dropMask" : "form.drop")}
          </span>
        ) : (
          <img src={viewUrl(shown, "webp;75")} alt={shown.filename} />
        )}
        <input
          ref={picker}
          id={id}
          type="file"
          accept="image/*"
          name={field.name}
          className={styles.picker}
          aria-invalid={error !== null || undefined}
          title={shown?.filename ?? t("form.drop")}
          onBlur={onBlur}
          onChange={(event) => {
            void take(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
        {shown !== null && (
          <CloseButton
            className={styles.remove ?? ""}
            variant="filled"
            aria-label={t("form.removePicture", { name: shown.filename })}
            onClick={() => {
              onChange(undefined);
              picker.current?.focus();
            }}
          />
        )}
      </div>
    </Input.Wrapper>
  );
}

/** A value is a name in the input folder, `name [output]`, or what a run answered for a file. */
function fileOf(value: Json | undefined): FileRef | null {
  if (isObject(value) && typeof value["filename"] === "string") {
    const word = (key: string, other: string) => (typeof value[key] === "string" ? value[key] : other);
    return { filename: value["filename"], subfolder: word("subfolder", ""), type: word("type", "output") };
  }
  if (typeof value !== "string" || value === "") return null;
  const [, path = "", kind] = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(value) ?? [];
  const cut = path.lastIndexOf("/");
  return { filename: path.slice(cut + 1), subfolder: path.slice(0, Math.max(0, cut)), type: kind ?? "input" };
}
