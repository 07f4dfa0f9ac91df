import { VisuallyHidden } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { only } from "@/canvas/commands/when";
import { focusNode } from "@/canvas/pane/focusNode";
import type { NodeDef } from "@/graph/defs";
import { hostDef } from "@/graph/hosts";
import { isHost } from "@/graph/kinds";
import { useDefs } from "@/store/defs";
import { useEditor } from "@/store/editor";
import { follow, useNodeHelp } from "@/store/nodeHelp";
import { showPanel } from "@/store/shell";
import { NodePage } from "./NodePage";
import styles from "./NodePanel.module.css";

/** The page of a node: of the one that was asked about, then of whichever is selected. Escape leads back to it. */
export function NodePanel() {
  const { t } = useTranslation("help");
  const defs = useDefs((state) => state.defs);
  const name = useNodeHelp(({ trail }) => trail.at(-1));
  const def = useEditor(({ document }): NodeDef | undefined => {
    if (name === undefined) return undefined;
    return isHost(document, name) ? hostDef(document, defs, name) : defs.get(name);
  });
  useEffect(() => {
    const look = () => {
      const type = only()?.record.type;
      if (type !== undefined && (isHost(useEditor.getState().document, type) || defs.has(type))) follow(type);
    };
    if (useNodeHelp.getState().trail.length === 0) look();
    return useEditor.subscribe((now, before) => {
      if (now.selection !== before.selection) look();
    });
  }, [defs]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is heard wherever in the panel the keyboard is
    <div
      className={styles.panel}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        leave();
      }}
    >
      {def === undefined ? (
        <p className={styles.fact}>{t("selectOne")}</p>
      ) : (
        <NodePage key={def.name} def={def} defs={defs} />
      )}
      <VisuallyHidden role="status">{def !== undefined && t("shown", { title: def.title })}</VisuallyHidden>
    </div>
  );
}

/** To the node that was read about, or at least to the canvas. */
function leave(): void {
  showPanel(null);
  document.getElementById("canvas")?.focus({ preventScroll: true });
  const node = only();
  if (node !== null) focusNode(node.key, false);
}
