/** From what the server says of a node of the prompt back to the document. */
import { BOUNDARY_IN, type Document, type GraphId, type NodeKey, ROOT } from "../document";
import { isHost } from "../kinds";
import { linkIndex } from "../links";
import { ports } from "../ports";
import type { Place } from "./toApi";

/** The place of a node by its id in the prompt; nodes that a run added (`106:92.0.3`) count as the one they came from. */
export function placeOf(places: ReadonlyMap<string, Place>, id: string): Place | undefined {
  const known = places.get(id);
  const dot = id.indexOf(".");
  return known ?? (dot < 0 ? undefined : places.get(id.slice(0, dot)));
}

/** Graphs from the root down to the one a place is in; null if the document is another by now. */
export function graphsTo(document: Document, { path }: Place): GraphId[] | null {
  const graphs: GraphId[] = [ROOT];
  for (const key of path) {
    const type = document.graphs.by[graphs.at(-1) ?? ROOT]?.nodes.by[key]?.type;
    if (type === undefined || !isHost(document, type)) return null;
    graphs.push(type);
  }
  return graphs;
}

export interface InputPlace extends Place {
  readonly input: string;
}

/** Where an input's value is edited: on the outermost instance that sets it, else on the node itself. */
export function inputPlace(document: Document, place: Place, input: string): InputPlace {
  const graphs = graphsTo(document, place);
  let found: InputPlace = { ...place, input };
  for (let depth = place.path.length; graphs !== null && depth > 0; depth -= 1) {
    const graph = document.graphs.by[found.graph];
    const link = graph && linkIndex(graph).into(found.node).get(found.input);
    if (graph === undefined || link?.from !== BOUNDARY_IN) break;
    const port = ports(graph, "inputs")[link.fromSlot];
    const outer = graphs[depth - 1];
    if (port === undefined || outer === undefined) break;
    const node: NodeKey = place.path[depth - 1] ?? "";
    found = { graph: outer, node, path: place.path.slice(0, depth - 1), input: port.name };
  }
  return found;
}
