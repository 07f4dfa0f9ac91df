import { useTranslation } from "react-i18next";
import { titleOf } from "@/graph/connect";
import { useDefs } from "@/store/defs";
import { shownGraph, useEditor } from "@/store/editor";
import { useShownGraph } from "../useShown";

/** Longer lists are left to the outline, which shows links where they end. */
const MOST = 300;

/** The links in words, inside the canvas that draws them: for screen readers, and for tests to count. */
export function LinkList() {
  const { t } = useTranslation("canvas");
  const graph = useShownGraph();
  const id = useEditor(shownGraph);
  const defs = useDefs((state) => state.defs);
  const document = useEditor((editor) => editor.document);
  if (graph.links.ids.length > MOST) return t("linksInOutline", { count: graph.links.ids.length });
  return (
    <ul>
      {graph.links.ids.map((key) => {
        const link = graph.links.by[key];
        return link === undefined ? null : (
          <li key={key} data-link={key}>
            {t("linkFromTo", {
              from: titleOf(document, defs, id, link.from),
              to: titleOf(document, defs, id, link.to),
              input: link.toInput,
            })}
          </li>
        );
      })}
    </ul>
  );
}
