import { Button, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { takeTyped } from "@/app/typeAhead";
import { centerOn } from "@/canvas/view";
import { outline } from "@/graph/outline";
import { useDefs } from "@/store/defs";
import { shownGraph, useEditor } from "@/store/editor";
import { runCommand } from "@/store/perform";
import { useShell } from "@/store/shell";
import { OutlineItem } from "./OutlineItem";
import styles from "./OutlinePanel.module.css";

/** A graph of so few nodes is read as a whole; a larger one by its names. */
const ALL_OPEN = 24;

/**
 * The graph on screen as a list in the order it is computed: the canvas for those who do not see it. Nodes are
 * found, read, edited and wired here; the keys of the canvas work on the node that has the keyboard.
 */
export function OutlinePanel() {
  const { t } = useTranslation("app");
  const document = useDeferredValue(useEditor((editor) => editor.document));
  const graph = useEditor(shownGraph);
  const defs = useDefs((state) => state.defs);
  const [query, setQuery] = useState("");
  const nodes = useMemo(() => outline(document, defs, graph), [document, defs, graph]);
  const field = useRef<HTMLInputElement>(null);
  const searches = useShell((shell) => shell.searches);
  useEffect(() => {
    if (searches === 0) return;
    const typed = takeTyped();
    if (typed !== "") setQuery(typed);
    field.current?.focus();
    if (typed === "") field.current?.select();
  }, [searches]);
  const found = useRef(-1);
  const wanted = query.trim().toLowerCase();
  const shown = nodes.filter((node) =>
    `${node.title} ${node.type} ${node.node}`.toLowerCase().includes(wanted),
  );
  return (
    <div className={styles.outline}>
      <div className={styles.bar}>
        <TextInput
          ref={field}
          size="xs"
          flex={1}
          value={query}
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            found.current = -1;
          }}
          onKeyDown={(event) => {
            // One after the other; the field keeps the keyboard.
            if (event.key !== "Enter" || shown.length === 0) return;
            found.current = (found.current + (event.shiftKey ? shown.length - 1 : 1)) % shown.length;
            const node = shown[found.current];
            if (node !== undefined) centerOn(useEditor.getState().path, node.node);
          }}
          placeholder={t("outline.search")}
          aria-label={t("outline.search")}
          leftSection={<IconSearch size={14} aria-hidden />}
        />
        <Button size="xs" variant="default" onClick={() => runCommand("graph.addNode")}>
          {t("outline.add")}
        </Button>
      </div>
      <p className={styles.hint}>{nodes.length === 0 ? t("outline.empty") : t("outline.hint")}</p>
      <ol className={styles.list} aria-label={t("outline.list")} data-canvas onKeyDown={walk}>
        {shown.map((node) => (
          <OutlineItem
            key={`${graph}/${node.node}`}
            node={node}
            document={document}
            graph={graph}
            isOpenAtFirst={nodes.length <= ALL_OPEN}
          />
        ))}
      </ol>
    </div>
  );
}

/** Up and down lead from node to node, Home and End to the first and last. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement)) return;
  if (!event.target.matches("[data-outline-node]")) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-outline-node]")];
  const at = all.indexOf(event.target);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  all[next]?.focus();
}
