import { Anchor } from "@mantine/core";
import { type ReactNode, useState } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { picturesAt, targetOf } from "./addresses";
import { media } from "./media";
import { NodeLink } from "./NodeLink";
import styles from "./NodePanel.module.css";

interface Props {
  readonly text: string;
  /** Where the text is from: what it names lies beside it. */
  readonly page: string;
  readonly isNode: (name: string) => boolean;
}

/** Text of a node or its pack. Nothing in it runs, and pictures come from this server only. */
export function Markdown({ text, page, isNode }: Props) {
  const components: Components = {
    // The panel and the node have the headings above.
    h1: "h4",
    h2: "h4",
    h3: "h5",
    h4: "h6",
    h5: "h6",
    a: ({ href, children }) => (
      <Link href={href ?? ""} page={page} isNode={isNode}>
        {children}
      </Link>
    ),
    img: ({ src, alt }) => <Picture key={String(src)} src={String(src ?? "")} alt={alt ?? ""} page={page} />,
    video: ({ src, poster, loop, muted, children }) => (
      <video
        className={styles.media}
        controls
        preload="metadata"
        loop={loop}
        muted={muted}
        {...first("src", src, page)}
        {...first("poster", poster, page)}
      >
        {children}
      </video>
    ),
    source: ({ src, type }) => <source {...first("src", src, page)} type={type} />,
    table: ({ children }) => (
      <div className={styles.table}>
        <table>{children}</table>
      </div>
    ),
  };
  return (
    <div className={styles.markdown}>
      <ReactMarkdown remarkPlugins={[remarkGfm, media]} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
}

function first<Name extends string>(name: Name, value: unknown, page: string): { [key in Name]?: string } {
  const [url] = typeof value === "string" ? picturesAt(value, page) : [];
  return url === undefined ? {} : ({ [name]: url } as { [key in Name]?: string });
}

/** The likeliest file of its name; one that is nowhere, or elsewhere, is named. */
function Picture({ src, alt, page }: { readonly src: string; readonly alt: string; readonly page: string }) {
  const [tries, setTries] = useState(0);
  const url = picturesAt(src, page)[tries];
  if (url !== undefined) {
    return <img className={styles.media} src={url} alt={alt} onError={() => setTries(tries + 1)} />;
  }
  if (!/^https?:/.test(src)) return <em>{alt || src}</em>;
  return (
    <Anchor href={src} target="_blank" rel="noreferrer noopener">
      {alt || src}
    </Anchor>
  );
}

function Link({
  href,
  page,
  isNode,
  children,
}: {
  readonly href: string;
  readonly page: string;
  readonly isNode: (name: string) => boolean;
  readonly children: ReactNode;
}) {
  const target = targetOf(href, page, isNode);
  if (target.kind === "none") return <span>{children}</span>;
  if (target.kind === "node") return <NodeLink name={target.name}>{children}</NodeLink>;
  return (
    <Anchor href={target.url} target="_blank" rel="noreferrer noopener">
      {children}
    </Anchor>
  );
}
