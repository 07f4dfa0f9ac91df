import { Button } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { serverUrl } from "@/api/client";
import { attempt } from "@/store/files/attempt";
import { exampleSource } from "@/store/files/sources";
import styles from "./NodePanel.module.css";
import type { Help } from "./useHelp";

interface Props {
  readonly title: string;
  readonly example: NonNullable<Help["example"]>;
}

/** A graph that shows what the node does: its picture or its text, and the way to open it. */
export function Example({ title, example: { about, gives, picture, graph } }: Props) {
  const { t } = useTranslation("help");
  const name = t("exampleOf", { title });
  // Addresses are relative to the page, which may be served below a folder.
  const open = () => void attempt(name, () => exampleSource(graph.replace(/^\//, ""), name));
  return (
    <section aria-label={t("example")}>
      <h4>{t("example")}</h4>
      <figure className={styles.example}>
        {picture && <img src={`${serverUrl()}${picture}`} alt={about} />}
        {gives !== "" && <pre>{gives}</pre>}
        {about !== "" && <figcaption aria-hidden={picture !== null}>{about}</figcaption>}
      </figure>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconExternalLink size={14} aria-hidden />}
        onClick={open}
      >
        {t("openExample")}
      </Button>
    </section>
  );
}
