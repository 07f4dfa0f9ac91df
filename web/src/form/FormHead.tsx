import { Badge, Button, CopyButton } from "@mantine/core";
import { IconCheck, IconLink, IconSchema } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { serverUrl } from "@/api/client";
import { hashOf } from "@/app/route";
import type { Callable } from "@/store/functions/server";
import styles from "./FormPage.module.css";

interface Props {
  readonly callable: Callable;
  /** Of this form with what stands in it. */
  readonly address: string;
}

/** What the form is of, and the ways from it. */
export function FormHead({ callable, address }: Props) {
  const { t } = useTranslation("functions");
  const { name, release, version, function: declared } = callable;
  return (
    <header className={styles.head}>
      {version.thumbnail !== null && (
        <img className={styles.thumbnail} src={`${serverUrl()}${version.thumbnail}`} alt="" />
      )}
      <div className={styles.words}>
        <h1>{declared.title || name}</h1>
        <div className={styles.origin}>
          {declared.title !== undefined && declared.title !== name && <span>{name}</span>}
          <Badge variant="light" color="gray" tt="none">
            {release ?? t("form.version", { number: version.number })}
          </Badge>
        </div>
        {declared.description !== undefined && <p className={styles.description}>{declared.description}</p>}
      </div>
      <div className={styles.ways}>
        <CopyButton value={address}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              size="xs"
              leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconLink size={14} aria-hidden />}
              onClick={copy}
              data-testid="form-share"
            >
              {t(copied ? "form.copied" : "form.share")}
            </Button>
          )}
        </CopyButton>
        <Button
          component="a"
          variant="default"
          size="xs"
          href={hashOf({ kind: "workflow", name })}
          leftSection={<IconSchema size={14} aria-hidden />}
        >
          {t("form.canvas")}
        </Button>
      </div>
    </header>
  );
}
