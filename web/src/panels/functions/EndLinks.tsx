import { useTranslation } from "react-i18next";
import { centerOn } from "@/canvas/view";
import { ROOT } from "@/graph/document";
import type { Source, Target } from "@/graph/functions/declaration";
import { defOf } from "@/graph/hosts";
import { socketsOf } from "@/graph/sockets";
import { useDefs } from "@/store/defs";
import { type Entered, useEditor } from "@/store/editor";
import styles from "./EntryList.module.css";

interface Props {
  readonly ends: readonly (Target | Source)[];
}

/** The nodes an input or output is bound to, in words; each leads to its node. */
export function EndLinks({ ends }: Props) {
  const { t } = useTranslation("functions");
  const document = useEditor((editor) => editor.document);
  const defs = useDefs((state) => state.defs);
  return (
    <p className={styles.ends}>
      {ends.map((end) => {
        const key = `${end.node}/${"input" in end ? end.input : end.slot}`;
        const place = placeOf(end.node);
        if (place === null) return <span key={key}>{t("publish.gone", { node: end.node })}</span>;
        const record = document.graphs.by[place.graph]?.nodes.by[place.node];
        const def = record && defOf(document, defs, record);
        const title = record?.title ?? def?.title ?? record?.type ?? "";
        const name =
          "input" in end ? end.input : ((record && socketsOf(record, def).outputs[end.slot]?.label) ?? "");
        return (
          <button key={key} type="button" onClick={() => centerOn(place.path, place.node)}>
            {title} › {name}
          </button>
        );
      })}
    </p>
  );

  function placeOf(address: string): { path: Entered[]; graph: string; node: string } | null {
    const path: Entered[] = [];
    const hosts = address.split(":");
    const node = hosts.pop() ?? "";
    let graph = ROOT;
    for (const host of hosts) {
      const shows = document.graphs.by[graph]?.nodes.by[host]?.type;
      if (shows === undefined) return null;
      path.push({ graph, host, shows });
      graph = shows;
    }
    return document.graphs.by[graph]?.nodes.by[node] === undefined ? null : { path, graph, node };
  }
}
