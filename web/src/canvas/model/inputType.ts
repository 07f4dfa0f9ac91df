import type { InputEnd } from "@/graph/connect";
import { BOUNDARY_OUT } from "@/graph/document";
import { defOf } from "@/graph/hosts";
import { boundaryInputs, type InputSocket, socketsOf } from "@/graph/sockets";
import { ANY } from "@/graph/types";
import { shown } from "../useShown";

export function inputSocket({ node, input }: InputEnd): InputSocket | undefined {
  const { graph, document, defs } = shown();
  const record = graph.nodes.by[node];
  const sockets =
    node === BOUNDARY_OUT
      ? boundaryInputs(graph)
      : record === undefined
        ? []
        : socketsOf(record, defOf(document, defs, record)).inputs;
  return sockets.find((socket) => socket.name === input);
}

/** What an input of the graph on screen takes. */
export function inputType(end: InputEnd): string {
  return inputSocket(end)?.type ?? ANY;
}
