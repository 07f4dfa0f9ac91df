import ReactMarkdown from "react-markdown";

/** Loaded when the first note of Markdown is shown. Raw HTML in notes stays text. */
export function Markdown({ text }: { readonly text: string }) {
  return (
    <ReactMarkdown
      components={{
        a: ({ href, children }) => (
          <a href={href} target="_blank" rel="noreferrer noopener" className="nodrag">
            {children}
          </a>
        ),
      }}
    >
      {text}
    </ReactMarkdown>
  );
}
