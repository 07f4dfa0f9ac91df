/** Taking over the definitions of another document. */
import { type Document, type Graph, type GraphId, ROOT } from "../document";
import { read } from "../formats/read";
import { write } from "../formats/write";
import { definitionsInside } from "../hosts";
import { uuid } from "../ids";
import { type JsonObject, same } from "../json";
import { isHost } from "../kinds";
import { tableOf } from "../table";

export interface Merged {
  /** Definitions to add, with the instances inside renamed. */
  readonly added: readonly (readonly [GraphId, Graph])[];
  /** New ids of definitions whose own id is taken by another one. */
  readonly renamed: ReadonlyMap<GraphId, GraphId>;
}

/** Equal definitions are shared; one that differs from ours of its id comes under a new id. */
export function mergeDefinitions(ours: Document, theirs: Document): Merged {
  const inside = (id: GraphId) => definitionsInside(theirs, id);
  // Those deep inside first: what contains a renamed one is not the same any more.
  const order = [...inside(ROOT)].toSorted((a, b) => inside(a).size - inside(b).size);
  const renamed = new Map<GraphId, GraphId>();
  const added: [GraphId, Graph][] = [];
  for (const id of order) {
    const graph = theirs.graphs.by[id];
    if (graph === undefined) continue;
    const next = withTypes(graph, renamed);
    if (!isHost(ours, id)) added.push([id, next]);
    else if (next !== graph || !isSame(ours, theirs, id)) {
      const fresh = uuid();
      renamed.set(id, fresh);
      added.push([fresh, { ...next, info: { ...next.info, id: fresh } }]);
    }
  }
  return { added, renamed };
}

function withTypes(graph: Graph, renamed: ReadonlyMap<GraphId, GraphId>): Graph {
  const { ids, by } = graph.nodes;
  if (!ids.some((key) => renamed.has(by[key]?.type ?? ""))) return graph;
  const nodes = ids.flatMap((key) => {
    const node = by[key];
    return node === undefined ? [] : [[key, { ...node, type: renamed.get(node.type) ?? node.type }] as const];
  });
  return { ...graph, nodes: tableOf(nodes) };
}

/** Whether both mean the same by an id, as files say it: ours may never have been one. */
function isSame(ours: Document, theirs: Document, id: GraphId): boolean {
  return same(written(ours, id), written(theirs, id));
}

function written(document: Document, id: GraphId): JsonObject {
  const graph = document.graphs.by[id];
  const empty: Graph = { nodes: tableOf(), links: tableOf(), groups: tableOf(), info: {} };
  const alone = { graphs: tableOf([[ROOT, empty], ...(graph === undefined ? [] : [[id, graph] as const])]) };
  // Read and written once more, both are in the same form.
  return write(read(write(alone)).document);
}
