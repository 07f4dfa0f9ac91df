/** Subgraph definitions as wholes. */
import type { Draft } from "../change";
import { type GraphId, type NodeKey, ROOT } from "../document";
import { definitionsInside } from "../hosts";
import { uuid } from "../ids";
import { isHost } from "../kinds";
import { change } from "./slots";

/** Give an instance a definition of its own, so that editing it leaves the others. Returns its id. */
export function makeIndependent(draft: Draft, graph: GraphId, key: NodeKey): GraphId | null {
  const host = draft.graph(graph).nodes.by[key];
  if (host === undefined || !isHost(draft.document, host.type)) return null;
  const original = draft.graph(host.type);
  const id = uuid();
  draft.putGraph(id, { ...original, info: { ...original.info, id } });
  change(draft, graph, [key], (node) => ({ ...node, type: id }));
  return id;
}

export function renameDefinition(draft: Draft, definition: GraphId, name: string): void {
  const title = name.trim();
  if (title !== "") draft.info(definition, { ...draft.graph(definition).info, name: title });
}

/** Drop the definitions that nothing in the workflow uses any more. Returns their ids. */
export function collectDefinitions(draft: Draft): GraphId[] {
  const used = definitionsInside(draft.document, ROOT);
  const unused = draft.document.graphs.ids.filter((id) => id !== ROOT && !used.has(id));
  for (const id of unused) draft.putGraph(id, null);
  return unused;
}
