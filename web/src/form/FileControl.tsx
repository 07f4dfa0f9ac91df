import { Button, CloseButton, Input, Loader } from "@mantine/core";
import { IconBrush, IconPhotoUp } from "@tabler/icons-react";
import { type DragEvent, Suspense, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import { later } from "@/api/parts";
import type { Json } from "@/graph/json";
import { uploadPicture } from "@/store/functions/server";
import type { FileRef } from "@/store/runs";
import type { Common } from "./FieldControl";
import styles from "./FormPage.module.css";
import type { FileField } from "./fields";
import { pictureOf } from "./pictures";

const MaskPainter = later(() => import("./MaskPainter"), "MaskPainter");

interface Props extends Common {
  readonly field: FileField;
  readonly value: Json | undefined;
  /** What a mask is for, if it is there already. */
  readonly masked: FileRef | null;
  readonly onChange: (value: Json | undefined) => void;
}

/** A picture of this computer: chosen, dropped or pasted. It is uploaded at once and shown. */
export function FileControl({ field, value, masked, onChange, onBlur, ...common }: Props) {
  const { t } = useTranslation("functions");
  const id = useId();
  const picker = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [isSending, setSending] = useState(false);
  const [isPainting, setPainting] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const shown = pictureOf(value);

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
      {field.isMask && masked !== null && (
        <Button
          mt={6}
          size="compact-sm"
          variant="default"
          leftSection={<IconBrush size={14} aria-hidden />}
          onClick={() => setPainting(true)}
        >
          {t("mask.open")}
        </Button>
      )}
      <Suspense fallback={null}>
        {isPainting && masked !== null && (
          <MaskPainter
            picture={masked}
            onClose={() => setPainting(false)}
            onDone={(mask) => {
              setPainting(false);
              void take(mask);
            }}
          />
        )}
      </Suspense>
    </Input.Wrapper>
  );
}
