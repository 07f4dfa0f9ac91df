import { Loader } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { serverUrl } from "@/api/client";
import { Markdown } from "./Markdown";

interface Props {
  /** Of its Markdown, on this server. */
  readonly path: string;
  readonly isNode: (name: string) => boolean;
  /** Shown if the page cannot be fetched. */
  readonly instead: string;
}

/** The page a pack brings for a node. */
export function PackPage({ path, isNode, instead }: Props) {
  const { t } = useTranslation("app");
  const url = `${serverUrl()}${path}`;
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    fetch(url, { signal: gone.signal })
      .then(async (answer) => setText(answer.ok ? await answer.text() : instead))
      .catch(() => {
        if (!gone.signal.aborted) setText(instead);
      });
    return () => gone.abort();
  }, [url, instead]);
  if (text === null) return <Loader size="sm" aria-label={t("loading")} />;
  return <Markdown text={text} page={url} isNode={isNode} />;
}
