/** Wiring by keyboard: choose an end of the node, then one of the sockets that take it. */
import { create } from "zustand";
import { acceptingInputs, acceptingOutputs, titleOf } from "@/graph/connect";
import { BOUNDARY_IN, BOUNDARY_OUT, type NodeKey } from "@/graph/document";
import { link } from "@/graph/edit/links";
import { defOf } from "@/graph/hosts";
import { socketsOf } from "@/graph/sockets";
import { useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import type { WireStart } from "../links/wire";
import { focusNode } from "../pane/focusNode";
import { shown } from "../useShown";

export interface Choice {
  readonly key: string;
  readonly node: string;
  /** The number of its node as `#5`, which tells nodes of one name apart. */
  readonly id: string;
  readonly socket: string;
  readonly type: string;
  readonly isInput: boolean;
  /** What is linked there already. */
  readonly linked: string | null;
  readonly start: WireStart;
}

interface PickerState {
  readonly from: NodeKey | null;
  /** The end chosen first; null while that is being chosen. */
  readonly start: WireStart | null;
}

export const useWirePicker = create<PickerState>(() => ({ from: null, start: null }));

export function startPicker(node: NodeKey | undefined): void {
  if (node !== undefined) useWirePicker.setState({ from: node, start: null });
}

export function closePicker(): void {
  const { from } = useWirePicker.getState();
  useWirePicker.setState({ from: null, start: null });
  if (from !== null) focusNode(from);
}

/** The ends of the node, outputs first, or what takes the end that was chosen. */
export function choices({ from, start }: PickerState): Choice[] {
  const { id, graph, document, defs } = shown();
  if (from === null) return [];
  const ends = (node: NodeKey): Choice[] => {
    const record = graph.nodes.by[node];
    if (record === undefined) return [];
    const { inputs, outputs } = socketsOf(record, defOf(document, defs, record));
    const name = titleOf(document, defs, id, node);
    const number = numberOf(node);
    return [
      ...outputs.map(
        (socket): Choice => ({
          key: `${node}/out/${socket.index}`,
          node: name,
          id: number,
          socket: socket.label,
          type: socket.type,
          isInput: false,
          linked: null,
          start: { kind: "output", end: { node, slot: socket.index } },
        }),
      ),
      ...inputs.map(
        (socket): Choice => ({
          key: `${node}/in/${socket.name}`,
          node: name,
          id: number,
          socket: socket.label,
          type: socket.type,
          isInput: true,
          linked: linkedTo(node, socket.name),
          start: { kind: "input", end: { node, input: socket.name } },
        }),
      ),
    ];
  };
  if (start === null) return ends(from);
  if (start.kind === "output") {
    const accepting = acceptingInputs(document, defs, id, start.end);
    return [...accepting].flatMap(([node, names]) =>
      ends(node).filter(({ start: end }) => end.kind === "input" && names.has(end.end.input)),
    );
  }
  const accepting = acceptingOutputs(document, defs, id, start.end);
  return [...accepting].flatMap(([node, slots]) =>
    ends(node).filter(({ start: end }) => end.kind === "output" && slots.has(end.end.slot)),
  );
}

function linkedTo(node: NodeKey, input: string): string | null {
  const { id, graph, document, defs } = shown();
  const found = graph.links.ids
    .map((key) => graph.links.by[key])
    .find((one) => one?.to === node && one.toInput === input);
  if (found === undefined) return null;
  return `${titleOf(document, defs, id, found.from)} ${numberOf(found.from)}`.trim();
}

/** The ends of a subgraph are one of a kind. */
function numberOf(node: NodeKey): string {
  return node === BOUNDARY_IN || node === BOUNDARY_OUT ? "" : `#${node}`;
}

/** Take a choice: the first end, or the other one, which makes the link. */
export function pick(choice: Choice): void {
  const { start } = useWirePicker.getState();
  if (start === null) {
    useWirePicker.setState({ start: choice.start });
    return;
  }
  const { defs } = useDefs.getState();
  const [a, b] = start.kind === "output" ? [start, choice.start] : [choice.start, start];
  if (a.kind === "output" && b.kind === "input") {
    perform("steps:link", (draft, graph) => link(draft, defs, graph, a.end, b.end));
  }
  closePicker();
}
