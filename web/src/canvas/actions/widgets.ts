/** Setting widgets, as one step each. */

import type { NodeKey } from "@/graph/document";
import { setControl, setValueAt, setWidget } from "@/graph/edit/widgets";
import type { Json } from "@/graph/json";
import { PRIMITIVE } from "@/graph/kinds";
import type { Control } from "@/graph/widgets";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";

export function setValue(node: NodeKey, name: string, value: Json): void {
  perform("steps:setWidget", (draft, graph) => {
    const isPrimitive = draft.graph(graph).nodes.by[node]?.type === PRIMITIVE;
    if (isPrimitive) setValueAt(draft, graph, node, 0, value);
    else setWidget(draft, useDefs.getState().defs, graph, node, name, value);
  });
}

export function setControlOf(node: NodeKey, name: string, value: Control): void {
  perform("steps:setControl", (draft, graph) => {
    const isPrimitive = draft.graph(graph).nodes.by[node]?.type === PRIMITIVE;
    if (isPrimitive) setValueAt(draft, graph, node, 1, value);
    else setControl(draft, useDefs.getState().defs, graph, node, name, value);
  });
}
