import { Select } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useChosen } from "@/canvas/marks";
import { classOf } from "@/canvas/model/classOf";
import { isNote } from "@/graph/kinds";
import { socketsOf } from "@/graph/sockets";
import { useDefs } from "@/store/defs";
import { shownGraph, useEditor } from "@/store/editor";
import { here, toggleInputHere, toggleOutputHere } from "@/store/functions/declaring";

/** The same as pointing at the canvas, for the keyboard: everything on screen that can be chosen and is not yet. */
export function AddBinding({ side }: { readonly side: "inputs" | "outputs" }) {
  const { t } = useTranslation("functions");
  const document = useEditor((editor) => editor.document);
  const graph = useEditor(shownGraph);
  const defs = useDefs((state) => state.defs);
  const marks = useChosen((state) => state.marks);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is here follows from these
  const groups = useMemo(() => offered(side, marks), [side, document, graph, defs, marks]);
  return (
    <Select
      size="xs"
      searchable
      value={null}
      data={groups}
      limit={60}
      placeholder={t(side === "inputs" ? "publish.addInput" : "publish.addOutput")}
      aria-label={t(side === "inputs" ? "publish.addInput" : "publish.addOutput")}
      nothingFoundMessage={t("publish.nothingFound")}
      onChange={(value) => {
        if (value === null) return;
        const cut = value.indexOf("/");
        const [node, end] = [value.slice(0, cut), value.slice(cut + 1)];
        if (side === "inputs") toggleInputHere(node, end);
        else toggleOutputHere(node, Number(end));
      }}
      data-testid={`publish-add-${side}`}
    />
  );
}

function offered(side: "inputs" | "outputs", marks: ReturnType<typeof useChosen.getState>["marks"]) {
  const { document, defs, graph } = here();
  const shown = document.graphs.by[graph];
  return (shown?.nodes.ids ?? []).flatMap((key) => {
    const record = shown?.nodes.by[key];
    if (shown === undefined || record === undefined || isNote(record.type)) return [];
    const def = classOf(document, defs, shown, key, record);
    const sockets = socketsOf(record, def);
    const chosen = marks?.get(key);
    const title = record.title ?? def?.title ?? record.type;
    // In the order of the class: what people set comes before what they link.
    const names = [
      ...new Set([
        ...sockets.inputs.toSorted((a, b) => Number(b.isWidget) - Number(a.isWidget)).map((one) => one.name),
      ]),
    ];
    const items =
      side === "inputs"
        ? names
            .filter((name) => name !== "" && chosen?.inputs.has(name) !== true)
            .map((name) => ({ value: `${key}/${name}`, label: `${title} › ${name}` }))
        : sockets.outputs
            .filter((output) => chosen?.outputs.has(output.index) !== true)
            .map((output) => ({ value: `${key}/${output.index}`, label: `${title} › ${output.label}` }));
    return items.length === 0 ? [] : [{ group: `${title} #${key}`, items }];
  });
}
